import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startPostgres } from './postgres.ts'
import type { RunningPostgres } from './postgres.ts'
import { isAlive } from './postmaster.ts'

let folder: string
const running: RunningPostgres[] = []

beforeEach(async () => {
  // Closed to everybody but us, as a clone in root's home is.
  folder = await mkdtemp(join(tmpdir(), 'roadstead-embedded-'))
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
  await rm(folder, { recursive: true, force: true })
})

async function start(more: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<RunningPostgres> {
  const server = await startPostgres({ folder, fsync: false, ...more })
  running.push(server)
  return server
}

/** Whether the server answers the first message of a session. */
async function answers(server: RunningPostgres): Promise<boolean> {
  const socket = connect(join(server.connection.host, '.s.PGSQL.5432'))
  const text = Buffer.from(`user\0${server.connection.user}\0database\0${server.connection.database}\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + text.length, 0)
  head.writeInt32BE(3 << 16, 4)
  socket.write(Buffer.concat([head, text]))
  const [first] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return first.toString('latin1', 0, 1) === 'R'
}

test('starts, answers, stops, and starts again on the same folder', async () => {
  const first = await start()
  expect(await answers(first)).toBe(true)
  await first.stop()
  expect(isAlive(first.pid)).toBe(false)
  expect(await answers(await start())).toBe(true)
})

test('recovers after it was killed', async () => {
  const first = await start()
  await first.kill()
  expect(await answers(await start())).toBe(true)
})

test('replaces the server that a killed process left running', async () => {
  const script = `const { startPostgres } = await import(${JSON.stringify(new URL('postgres.ts', import.meta.url).href)})
    const { pid } = await startPostgres({ folder: ${JSON.stringify(folder)}, fsync: false })
    process.stdout.write(String(pid))
    setInterval(() => undefined, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  const [pid] = (await once(holder.stdout, 'data')) as [Buffer]
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(isAlive(Number(pid))).toBe(true)
  const second = await start()
  expect(isAlive(Number(pid))).toBe(false)
  expect(await answers(second)).toBe(true)
})

test('leaves a process alone that has the pid of a server long gone', async () => {
  const first = await start()
  const file = join(folder, 'postgres', 'postmaster.pid')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await first.kill()
  await writeFile(file, [String(process.pid), ...lines.slice(1)].join('\n'))
  expect(await answers(await start())).toBe(true)
})

test('keeps the socket elsewhere where the folder has a long name', async () => {
  const server = await start({ folder: join(folder, 'x'.repeat(100)) })
  expect(server.connection.host.length).toBeLessThan(90)
  expect((await stat(server.connection.host)).mode & 0o077).toBe(0)
  expect(await answers(server)).toBe(true)
  await rm(server.connection.host, { recursive: true, force: true })
})

test('tells when the server ends by itself, and not when it is stopped', async () => {
  const reasons: string[] = []
  const first = await start({ onExit: (reason) => reasons.push(reason) })
  await first.stop()
  expect(reasons).toEqual([])
  const told = Promise.withResolvers<string>()
  const second = await start({ onExit: told.resolve })
  process.kill(second.pid, 'SIGKILL')
  expect(await told.promise).toBe('ended with SIGKILL')
})

test('says why it cannot start', async () => {
  await expect(start({ settings: { shared_buffers: 'nonsense' } })).rejects.toThrow(
    /ended with code 1; the end of .*postgres\.log:[^]*shared_buffers/,
  )
})

test('refuses files of another version', async () => {
  await (await start()).stop()
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '12\n')
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 12/)
})
