// Whether the process in this container is alive, asked from inside. Its certificate is for other names than this one.
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'

const { ROADSTEAD_PORT: port = '5000', ROADSTEAD_TLS_CERT: certificate = '' } = process.env
const get = certificate === '' ? getPlain : getSecure
const request = get({ host: '127.0.0.1', port, path: '/healthz', timeout: 2000, rejectUnauthorized: false }, ({ statusCode }) => {
  process.exit(statusCode === 200 ? 0 : 1)
})
request.on('timeout', () => process.exit(1))
request.on('error', () => process.exit(1))
