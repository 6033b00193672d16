import { describe, expect, test } from '@jest/globals'
import { banner } from './banner.ts'
import type { Started } from './banner.ts'
import type { FirstPassword } from './first-registry.ts'

function textOf(password: FirstPassword, resolves = true): string {
  const started: Started = {
    version: '1.2.3',
    milliseconds: 42,
    urls: ['http://127.0.0.1:5000', 'http://[::1]:5000'],
    dataFolder: '/data',
    workers: 1,
    first: { loginServer: 'myregistry-contoso.localhost:5000', username: 'myregistry', password, resolves },
  }
  return banner(started)
}

const commandsIn = (text: string): readonly string[] => text.split('\n').filter((line) => /\bdocker (login|build|push)\b/.test(line))

describe('the banner', () => {
  test('of a first start says how to log in and push, with the password', () => {
    const text = textOf({ kind: 'made', password: 'abc123' })
    expect(text).toContain('ready in 42 ms on http://127.0.0.1:5000 and http://[::1]:5000')
    expect(text).toMatch(/Login server {2}myregistry-contoso\.localhost:5000\n {2}User name {5}myregistry\n {2}Password {6}abc123\n/)
    expect(commandsIn(text)).toEqual([
      '  echo abc123 | docker login myregistry-contoso.localhost:5000 -u myregistry --password-stdin',
      '  echo FROM busybox | docker build -t myregistry-contoso.localhost:5000/busybox:first -',
      '  docker push myregistry-contoso.localhost:5000/busybox:first',
    ])
    expect(text).not.toContain('/etc/hosts')
  })

  test('does not repeat a password that came by the environment', () => {
    expect(commandsIn(textOf({ kind: 'set' }))[0]).toContain('echo "$ROADSTEAD_ADMIN_PASSWORD" | docker login')
  })

  test('says that a password was replaced', () => {
    expect(textOf({ kind: 'replaced' })).toContain('replaced by the one in ROADSTEAD_ADMIN_PASSWORD')
  })

  test('of a later start is short and says how to get a new password', () => {
    const text = textOf({ kind: 'kept' })
    expect(commandsIn(text)).toEqual([])
    expect(text).toContain('printed at the first start; start with ROADSTEAD_ADMIN_PASSWORD set to replace it')
  })

  test('gives the line for /etc/hosts where the name does not resolve', () => {
    expect(textOf({ kind: 'kept' }, false)).toContain('\n  127.0.0.1 myregistry-contoso.localhost\n')
  })
})
