import { describe, expect, test } from '@jest/globals'
import { parseRedisAddress } from './redis-address.ts'

const at = (host: string, port = 6379) => ({ nodes: [{ host, port }], isCluster: false, database: 0 })

describe('parseRedisAddress', () => {
  test.each([
    ['redis://localhost', at('localhost')],
    ['redis://10.0.0.1:7000', at('10.0.0.1', 7000)],
    ['redis://[::1]:7000', at('::1', 7000)],
    ['redis://host/3', { ...at('host'), database: 3 }],
    ['redis://:p%40ss%2Fword@host', { ...at('host'), password: 'p@ss/word' }],
    ['redis://me:secret@host', { ...at('host'), username: 'me', password: 'secret' }],
    ['rediss://cache.example.com', { ...at('cache.example.com'), tls: { servername: 'cache.example.com' } }],
    ['rediss://10.0.0.1', { ...at('10.0.0.1'), tls: {} }],
    [
      'redis://:secret@a:1, redis://b:2,redis://c',
      {
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: 'c', port: 6379 },
        ],
        isCluster: true,
        database: 0,
        password: 'secret',
      },
    ],
    [
      'rediss://a,rediss://b',
      {
        nodes: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 6379 },
        ],
        isCluster: true,
        database: 0,
        tls: {},
      },
    ],
  ])('%s', (text, address) => {
    expect(parseRedisAddress(text)).toEqual(address)
  })

  test.each([
    '',
    'host:6379',
    'http://:hidden@host',
    'redis://',
    'redis://:hidden@host:port',
    'redis://:hidden@host/x',
    'redis://:hidden@host/1.5',
    'redis://:hidden@host?db=1',
    'redis://:hidden@a/1,redis://b/1',
    'redis://:hidden@a,rediss://b',
    'redis://:hidden@a,',
    'redis://:hidden%@host',
  ])('%s is refused without quoting it', (text) => {
    let thrown: unknown
    try {
      parseRedisAddress(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Error)
    const { message, stack, cause } = thrown as Error
    expect(`${message} ${stack} ${String(cause)} ${JSON.stringify(thrown)}`).not.toContain('hidden')
  })
})
