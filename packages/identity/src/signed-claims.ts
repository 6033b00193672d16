import type { KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'

/** Longest token, in characters; longer ones are refused unread. Node's own limit for all headers together is 16 kB. */
export const tokenLengthLimit = 8192

const algorithm = 'ES256'
/** Header and claims begin with a brace, a quote and a letter; the signature has 64 bytes. */
const shape = /^(eyJ[A-Za-z0-9_-]{1,512})\.(eyJ[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/

/** A JWT (RFC 7519) over the claims, signed with ES256. */
export function signClaims(claims: object, key: { readonly kid: string; readonly privateKey: KeyObject }): string {
  return jwt.sign(claims, key.privateKey, { algorithm, keyid: key.kid })
}

/**
 * The claims of a token that one of our keys signed; undefined for any other text. Says nothing about what the claims mean, not even whether
 * the token has ended. There is one text for each token: header, claims and signature are compared with what `signClaims` writes, so
 * further header members, doubled claims and second spellings of base64 never reach a reader that might understand them differently.
 */
export async function verifyClaims(token: string, findKey: (kid: string) => Promise<KeyObject | undefined>): Promise<unknown> {
  const match = token.length <= tokenLengthLimit ? shape.exec(token) : null
  if (match === null) return undefined
  const [, header, payload, signature] = match
  const kid = keyIdOf(header!)
  if (kid === undefined || respelled(Buffer.from(signature!, 'base64url')) !== signature) return undefined
  const key = await findKey(kid)
  if (key === undefined) return undefined
  const claims = signedBy(key, token)
  return claims !== undefined && respelled(JSON.stringify(claims)) === payload ? claims : undefined
}

/** RFC 8725 §3.1: neither the algorithm nor any key or address comes from the header; the id is all that is taken from it. */
function keyIdOf(header: string): string | undefined {
  const text = Buffer.from(header, 'base64url').toString()
  const kid = /"kid":"([A-Za-z0-9_-]{1,64})"\}$/.exec(text)?.[1]
  return respelled(JSON.stringify({ alg: algorithm, typ: 'JWT', kid })) === header ? kid : undefined
}

function signedBy(key: KeyObject, token: string): unknown {
  try {
    return jwt.verify(token, key, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true })
  } catch (error) {
    if (error instanceof jwt.JsonWebTokenError || error instanceof SyntaxError) return undefined
    throw error
  }
}

function respelled(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url')
}
