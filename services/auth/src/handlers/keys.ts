import type { Handler } from '../auth-service.ts'

/** The public keys of all tokens (RFC 7517). They change about once a month, ten minutes before a new one is used. */
export const getKeys: Handler = async ({ keys }, _req, res) => {
  const body = { keys: await keys.publicKeys() }
  res.setHeader('Cache-Control', 'public, max-age=300')
  res.type('application/jwk-set+json').send(JSON.stringify(body))
}
