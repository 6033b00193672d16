import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { run as runProgram, says, watch } from './program.ts'
import type { Started } from './program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadstead-start-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function run(environment: Record<string, string>, ...parameters: string[]): Started {
  return runProgram({ ROADSTEAD_DATA_DIR: join(folder, 'data'), ...environment }, ...parameters)
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`myregistry:${password}`).toString('base64')}`
}

async function get(port: string, path: string, headers: Record<string, string>): Promise<number> {
  const client = request({ host: '127.0.0.1', port, path, headers, agent: false })
  client.end()
  const [answer] = (await once(client, 'response')) as [{ statusCode: number; resume(): void }]
  answer.resume()
  return answer.statusCode
}

test('starts, lets the printed account in, refuses a second start on its data, and stops on SIGTERM', async () => {
  const first = run({})
  const [, password] = await says(first, /Password {6}(\S+)/)
  const [, port] = await says(first, /127\.0\.0\.1:(\d+)/)
  const host = `myregistry-contoso.localhost:${port}`
  for (const path of ['/healthz', '/readyz', '/metrics']) expect(await get(port!, path, { host: 'elsewhere.example' })).toBe(200)
  expect(await get(port!, '/v2/', { host })).toBe(401)
  expect(await get(port!, '/v2/', { host, authorization: basic(password!) })).toBe(200)
  expect(await get(port!, '/v2/', { host, authorization: basic('wrong') })).toBe(401)
  expect(await get(port!, '/v2/', { host: `other-contoso.localhost:${port}`, authorization: basic(password!) })).toBe(404)

  const second = run({})
  expect(await second.ended).toBe(1)
  expect(second.said()).toMatch(/^Roadstead cannot start: another Roadstead \(process \d+\) is running on the data folder [^\n]*\n$/)

  const busy = run({ ROADSTEAD_PORT: port!, ROADSTEAD_DATA_DIR: join(folder, 'other') })
  expect(await busy.ended).toBe(1)
  expect(busy.said()).toContain(`port ${port} on 127.0.0.1 is used by another program`)

  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  expect(first.said()).not.toContain(basic(password!).slice(6))

  const later = run({ ROADSTEAD_ADMIN_PASSWORD: 'another-one' })
  const [, laterPort] = await says(later, /127\.0\.0\.1:(\d+)/)
  await says(later, /Password {6}replaced/)
  const laterHost = `myregistry-contoso.localhost:${laterPort}`
  expect(await get(laterPort!, '/v2/', { host: laterHost, authorization: basic('another-one') })).toBe(200)
  expect(await get(laterPort!, '/v2/', { host: laterHost, authorization: basic(password!) })).toBe(401)
  later.child.kill('SIGINT')
  expect(await later.ended).toBe(0)
}, 120_000)

test('names every wrong setting at once and ends with 2', async () => {
  const wrong = run({ ROADSTEAD_PORT: 'x', REDIS_URL: 'http://127.0.0.1', ROADSTEAD_BOOTSTRAP: 'nothing' })
  expect(await wrong.ended).toBe(2)
  for (const name of ['ROADSTEAD_PORT', 'REDIS_URL', 'ROADSTEAD_BOOTSTRAP']) expect(wrong.said()).toContain(`\n  ${name} `)
})

test('tells its version and how it is used', async () => {
  const [version, help, mistake] = [run({}, '--version'), run({}, '--help'), run({}, 'serve')]
  expect(await Promise.all([version.ended, help.ended, mistake.ended])).toEqual([0, 0, 2])
  expect(version.said()).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(help.said()).toContain('ROADSTEAD_DATA_DIR')
})

test('a signal to npm reaches it: npm start stops like the program itself', async () => {
  const env = { ...process.env, ROADSTEAD_PORT: '0', ROADSTEAD_DATA_DIR: join(folder, 'by-npm'), NODE_OPTIONS: '' }
  const npm = watch(spawn('npm', ['start'], { cwd: resolve(import.meta.dirname, '../../..'), env, stdio: ['ignore', 'pipe', 'pipe'] }))
  const [, pid] = await says(npm, /"pid":(\d+)/)
  await says(npm, /Login server/)
  npm.child.kill('SIGTERM')
  await npm.ended
  expect(npm.said()).toContain('"msg":"stopped"')
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
}, 120_000)
