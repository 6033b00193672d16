import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseBasicCredentials } from './basic-credentials.ts'

const basic = (bytes: string | Buffer): string => `Basic ${Buffer.from(bytes).toString('base64')}`

describe('parseBasicCredentials', () => {
  test.each([
    [basic('myregistry:secret'), { username: 'myregistry', password: 'secret' }],
    [basic('myregistry:a:b:'), { username: 'myregistry', password: 'a:b:' }],
    [basic(':'), { username: '', password: '' }],
    [basic('Jörg:pässwörd 🔑'), { username: 'Jörg', password: 'pässwörd 🔑' }],
    ['bAsIc   bXk6cHc= ', { username: 'my', password: 'pw' }],
    ['Basic bXk6cHc', { username: 'my', password: 'pw' }],
  ])('reads %j', (header, credentials) => {
    expect(parseBasicCredentials(header)).toEqual(credentials)
  })

  test.each([
    '',
    'Basic',
    'Basic ',
    'Basic bXk6cHc=, Bearer abc',
    'Bearer bXk6cHc=',
    'BasicbXk6cHc=',
    'Basic my:pw',
    'Basic bXk6cHc==x',
    'Basic bXk6cHd=',
    'Basic bXk6cHc=\nX: y',
    'Basic bXk_cHc-',
    basic('no colon'),
    basic('my:pw\0'),
    basic('my\r\n:pw'),
    basic(Buffer.from([0x6d, 0x3a, 0xff, 0xfe])),
  ])('refuses %j', (header) => {
    expect(parseBasicCredentials(header)).toBeUndefined()
  })

  test('reads back every pair whose user name has no colon', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ':', ' ', '"', 'é', '🔑', '\ufeff') })
    fc.assert(
      fc.property(text, text, (left, password) => {
        const username = left.replaceAll(':', '')
        expect(parseBasicCredentials(basic(`${username}:${password}`))).toEqual({ username, password })
      }),
    )
  })
})
