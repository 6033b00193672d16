import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext } from 'node:tls'

/** A certificate chain and its private key, both PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

/** A certificate that may be renewed while the program runs. */
export interface Certificate {
  current(): CertificatePair
  /** Tells each later pair that is good. */
  onChange(use: (pair: CertificatePair) => void): void
  /** Stops looking at the files. */
  close(): void
}

export interface CertificateOptions {
  readonly certFile: string
  readonly keyFile: string
  /** Called with what is wrong with changed files; the earlier pair stays in use. */
  readonly onRefused: (error: unknown) => void
  readonly onRenewed?: () => void
  /** Milliseconds between two looks. */
  readonly interval?: number
}

/**
 * Reads both files and looks at them again and again. By polling: mounted secrets change by exchange of a symbolic link, of which
 * file system events do not tell. Throws where the files cannot be used at the start.
 */
export function watchCertificate(options: CertificateOptions): Certificate {
  const users: ((pair: CertificatePair) => void)[] = []
  let pair = readPair(options)

  const look = (): void => {
    try {
      const next = readPair(options)
      if (next.cert === pair.cert && next.key === pair.key) return
      pair = next
      for (const use of users) use(pair)
      options.onRenewed?.()
    } catch (error) {
      // Also between the exchange of the first and of the second file, when they do not fit together; the second brings us back.
      options.onRefused(error)
    }
  }
  const files = [options.certFile, options.keyFile]
  for (const file of files) watchFile(file, { interval: options.interval ?? 5000, persistent: false }, look)
  return {
    current: () => pair,
    onChange: (use) => users.push(use),
    close: () => {
      for (const file of files) unwatchFile(file, look)
    },
  }
}

/** Proves by use that both can be read and belong together. */
function readPair({ certFile, keyFile }: CertificateOptions): CertificatePair {
  const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  createSecureContext(pair)
  return pair
}
