import { describe, expect, test } from '@jest/globals'
import { createLog } from './log.ts'
import type { LogFields } from './log.ts'

function written(fields: LogFields, message = 'something happened'): { readonly text: string; readonly line: Record<string, unknown> } {
  const lines: string[] = []
  createLog({ level: 'info', output: { write: (line) => lines.push(line) } }).info(message, fields)
  expect(lines).toHaveLength(1)
  return { text: lines[0]!, line: JSON.parse(lines[0]!) as Record<string, unknown> }
}

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

describe('the log', () => {
  test('writes one JSON object a line, with time, level and message', () => {
    const { line, text } = written({ port: 5000 })
    expect(line).toMatchObject({ level: 'info', msg: 'something happened', port: 5000 })
    expect(new Date(line['time'] as string).getTime()).toBeGreaterThan(0)
    expect(text.endsWith('}\n')).toBe(true)
  })

  test.each<[string, LogFields]>([
    ['a header', { headers: { Authorization: `Bearer ${token}`, accept: '*/*' } }],
    ['a password', { password: 's3cret-word' }],
    ['a nested secret', { a: { b: { clientSecret: 's3cret-word' } } }],
    ['a refresh token', { refresh_token: 's3cret-word' }],
    ['a cookie', { 'set-cookie': ['s3cret-word'] }],
    ['a bearer in text', { text: `sent Authorization: Bearer ${token}` }],
    ['basic credentials in text', { text: 'Basic czNjcmV0LXdvcmQ=' }],
    ['a bare token in text', { text: `token was ${token}.` }],
    ['an address with a password', { error: new Error('cannot reach postgres://me:s3cret-word@db/x') }],
    ['the cause of an error', { error: new Error('failed', { cause: new Error('postgres://me:s3cret-word@db/x') }) }],
    ['a presigned address', { url: 'https://s3/x?X-Amz-Signature=s3cret-word&x=1' }],
    ['a secret across the cut', { text: `${'x'.repeat(1000)} Bearer ${token}` }],
  ])('takes out %s', (_kind, fields) => {
    const { text } = written(fields)
    expect(text).toContain('[redacted]')
    for (const secret of ['s3cret-word', 'czNjcmV0', 'eyJ']) expect(text).not.toContain(secret)
  })

  test('keeps what only looks alike', () => {
    expect(written({ path: '/oauth2/token', basic: 'a:b', url: 'http://host:5000/v2/' }).line).toMatchObject({
      path: '/oauth2/token',
      basic: 'a:b',
      url: 'http://host:5000/v2/',
    })
  })

  test('cuts long text and long lists', () => {
    const { line } = written({ userAgent: 'x'.repeat(5000), list: Array.from({ length: 500 }, () => 1) })
    expect((line['userAgent'] as string).length).toBeLessThan(1100)
    expect(line['list']).toHaveLength(50)
  })

  test('stays on one line whatever a client sends', () => {
    const { text } = written({ path: '/v2/\n{"level":"error"}\r\u0000\u001b[31m' })
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(text.trimEnd()).not.toMatch(/[\u0000-\u001f]/)
  })

  test('tells an error with its cause, and survives circles and odd values', () => {
    const circle: Record<string, unknown> = { big: 1n, at: new Date(Number.NaN), run: () => 1, bytes: Buffer.from('abc') }
    circle['self'] = circle
    const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), { code: 'X1', request: { huge: true } })
    const { line } = written({ error, circle })
    expect(line['error']).toMatchObject({ name: 'Error', message: 'outer', code: 'X1', cause: { name: 'TypeError', message: 'inner' } })
    expect(line['error']).not.toHaveProperty('request')
    expect(line['circle']).toMatchObject({ big: '1', at: 'invalid date', bytes: '[3 bytes]' })
  })

  test('is silent below its level; a child adds its fields', () => {
    const lines: string[] = []
    const log = createLog({ level: 'warn', output: { write: (line) => lines.push(line) } })
    log.info('not this')
    log.child({ registry: 'a', password: 'no' }).error('this')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'error', registry: 'a', password: '[redacted]', msg: 'this' }),
    ])
  })
})
