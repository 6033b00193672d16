/** User name and password of RFC 7617. */
export interface BasicCredentials {
  readonly username: string
  readonly password: string
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the value of an Authorization header. Undefined for another scheme and for whatever is not exactly base64 of UTF-8 text with a colon
 * and without control characters (RFC 7617 §2). The password may hold colons.
 */
export function parseBasicCredentials(header: string): BasicCredentials | undefined {
  const match = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header)
  if (match === null) return undefined
  const bytes = Buffer.from(match[1]!, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== match[1]!.replace(/=+$/, '')) return undefined
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return undefined
  }
  const colon = text.indexOf(':')
  // oxlint-disable-next-line no-control-regex
  if (colon < 0 || /[\u0000-\u001f\u007f]/.test(text)) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
