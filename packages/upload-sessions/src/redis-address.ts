import { isIP } from 'node:net'

/** Where Redis is and how to sign in there. */
export interface RedisAddress {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** Several nodes were named: they are one cluster. */
  readonly isCluster: boolean
  readonly username?: string
  readonly password?: string
  /** Number of the database; a cluster has only 0. */
  readonly database: number
  readonly tls?: { readonly servername?: string }
}

/**
 * Reads `redis[s]://[user[:password]@]host[:port][/database]`, or several of these with commas between them, which name nodes of a cluster.
 * All nodes take the scheme and the credentials of the first. Throws an Error that says what is wrong and quotes nothing: there may be a
 * password in it.
 */
export function parseRedisAddress(text: string): RedisAddress {
  const urls = text.split(',').map((part) => parseUrl(part.trim()))
  const [first] = urls as [URL, ...URL[]]
  const isCluster = urls.length > 1
  const database = Number(first.pathname.slice(1) || 0)
  if (!Number.isInteger(database) || (isCluster && database !== 0)) {
    throw new Error(isCluster ? 'a Redis cluster has no numbered databases' : 'the path of a Redis address is the number of a database')
  }
  if (urls.some(({ protocol }) => protocol !== first.protocol)) throw new Error('the nodes of a Redis cluster speak all TLS, or none does')
  const nodes = urls.map(({ hostname, port }) => ({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 6379) }))
  const name = nodes[0]!.host
  return {
    nodes,
    isCluster,
    database,
    ...(first.username !== '' && { username: decoded(first.username) }),
    ...(first.password !== '' && { password: decoded(first.password) }),
    ...(first.protocol === 'rediss:' && { tls: isCluster || isIP(name) !== 0 ? {} : { servername: name } }),
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    throw new Error('a Redis address has the form redis://host:port or rediss://host:port')
  }
  if (url.search !== '' || url.hash !== '') throw new Error('a Redis address has no parameters')
  return url
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('the credentials of a Redis address are not percent-encoded')
  }
}
