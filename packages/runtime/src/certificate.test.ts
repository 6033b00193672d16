import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { watchCertificate } from './certificate.ts'
import type { Certificate, CertificatePair } from './certificate.ts'
import { listen } from './listen.ts'
import type { Listening } from './listen.ts'

/** One DER element. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

/** A self-signed certificate for `name` (RFC 5280 §4.1), valid from 2020 to 2049. */
function selfSigned(name: string): CertificatePair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'))
  const subject = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(name)))))
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('490101000000Z')))
  const key = publicKey.export({ type: 'spki', format: 'der' })
  const body = der(0x30, der(0x02, Buffer.from([1])), ecdsaWithSha256, subject, validity, subject, key)
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const certificate = new X509Certificate(der(0x30, body, ecdsaWithSha256, signature))
  return { cert: certificate.toString(), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

let folder: string
let certificate: Certificate | undefined
let server: Listening | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadstead-certificate-'))
})
afterEach(async () => {
  await server?.drain(0)
  certificate?.close()
  await rm(folder, { recursive: true })
})

async function put(pair: CertificatePair): Promise<void> {
  await writeFile(join(folder, 'cert.pem'), pair.cert)
  await writeFile(join(folder, 'key.pem'), pair.key)
}

async function subjectOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()!.subject)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('a renewed certificate is used, a bad one is refused and the earlier one kept', async () => {
  await put(selfSigned('first'))
  const refusal = Promise.withResolvers<unknown>()
  const renewal = Promise.withResolvers<void>()
  certificate = watchCertificate({
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    interval: 20,
    onRefused: refusal.resolve,
    onRenewed: renewal.resolve,
  })
  server = await listen({ host: '127.0.0.1', port: 0, certificate, handler: (_request, response) => response.end() })
  expect(await subjectOf(server.port)).toBe('CN=first')

  await writeFile(join(folder, 'cert.pem'), 'not a certificate at all')
  await refusal.promise
  expect(await subjectOf(server.port)).toBe('CN=first')

  await put(selfSigned('second'))
  await renewal.promise
  expect(await subjectOf(server.port)).toBe('CN=second')
})

test('a key that does not belong to the certificate is refused at the start', async () => {
  await put({ cert: selfSigned('one').cert, key: selfSigned('other').key })
  const options = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem'), onRefused: () => undefined }
  expect(() => watchCertificate(options)).toThrow()
})
