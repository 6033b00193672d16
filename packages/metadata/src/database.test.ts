import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import { RegistryError, Unavailable } from '@roadstead/oci/errors.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import { openDatabase } from './database.ts'
import type { Session } from './database.ts'
import { createMetadata } from './metadata.ts'
import { sql } from './sql.ts'

const db = await testDatabase()
afterAll(() => db.close())

const backend = async (session: Session): Promise<number> =>
  (await session.query<{ readonly pid: number }>(sql`/* test.pid */ SELECT pg_backend_pid() AS pid`))[0]!.pid

test('a server that is not there is unavailable', async () => {
  const nowhere = openDatabase({ url: 'postgresql://roadstead@localhost/postgres?host=/nowhere' })
  const refused = openDatabase({ url: 'postgresql://roadstead@127.0.0.1:1/postgres' })
  for (const database of [nowhere, refused]) {
    await expect(database.query(sql`/* test.one */ SELECT 1`)).rejects.toBeInstanceOf(Unavailable)
    await expect(database.atomically(backend)).rejects.toMatchObject({ dependency: 'database' })
    await expect(createMetadata(database).registries.list(undefined, 1)).rejects.toBeInstanceOf(Unavailable)
    await database.close()
  }
})

test('a database that does not exist is unavailable', async () => {
  const database = openDatabase({ url: db.url.replace(/\/test_[^?]*/, '/absent') })
  await expect(database.query(sql`/* test.one */ SELECT 1`)).rejects.toBeInstanceOf(Unavailable)
  await database.close()
})

test('a connection that is ended under a statement, between two, or while idle is unavailable once, and then replaced', async () => {
  const killed = openDatabase({ url: db.url, connections: 1 })
  await expect(killed.query(sql`/* test.suicide */ SELECT pg_terminate_backend(pg_backend_pid())`)).rejects.toBeInstanceOf(Unavailable)
  const between = killed.atomically(async (transaction) => {
    await db.database.query(sql`/* test.kill */ SELECT pg_terminate_backend(${await backend(transaction)})`)
    await backend(transaction)
  })
  await expect(between).rejects.toBeInstanceOf(Unavailable)
  const pid = await backend(killed)
  await db.database.query(sql`/* test.kill */ SELECT pg_terminate_backend(${pid}, 5000)`)
  const after = await backend(killed).catch(() => backend(killed))
  expect(after).not.toBe(pid)
  await killed.close()
})

test('a server that takes connections and says nothing, or falls silent later, is unavailable', async () => {
  const state = { silent: false }
  const socketFile = join(new URL(db.url).searchParams.get('host')!, '.s.PGSQL.5432')
  const sockets: Socket[] = []
  const proxy = createServer((client) => {
    const server = connect(socketFile)
    sockets.push(client, server)
    client.on('data', (bytes) => state.silent || server.write(bytes))
    server.on('data', (bytes) => state.silent || client.write(bytes))
    for (const socket of [client, server]) socket.on('error', () => undefined)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(db.url)
  url.search = ''
  url.hostname = '127.0.0.1'
  url.port = String((proxy.address() as AddressInfo).port)
  const database = openDatabase({ url: url.href })
  const { registries } = createMetadata(database)
  expect(await registries.find('a-b' as RegistryLabel)).toBeUndefined()
  state.silent = true
  // The first on the connection that fell silent, the second on a new one that is never answered.
  await expect(registries.find('a-b' as RegistryLabel)).rejects.toBeInstanceOf(Unavailable)
  await expect(registries.find('a-b' as RegistryLabel)).rejects.toBeInstanceOf(Unavailable)
  state.silent = false
  expect(await registries.find('a-b' as RegistryLabel)).toBeUndefined()
  await database.close()
  for (const socket of sockets) socket.destroy()
  proxy.close()
})

test('a mistake of ours is no outage', async () => {
  await expect(db.database.query(sql`/* test.wrong */ SELECT 1 / 0`)).rejects.toMatchObject({ code: '22012' })
  await expect(db.database.query(sql`/* test.wrong */ SELECT FROM nowhere`)).rejects.not.toBeInstanceOf(Unavailable)
})

test('a lock that is not granted in time is unavailable', async () => {
  await db.database.atomically(async (holder) => {
    await holder.query(sql`/* test.lock */ LOCK TABLE signing_keys`)
    const second = db.database.atomically(async (other) => {
      await other.query(sql`/* test.impatient */ SET LOCAL lock_timeout = 50`)
      await other.query(sql`/* test.lock */ LOCK TABLE signing_keys`)
    })
    await expect(second).rejects.toBeInstanceOf(Unavailable)
  })
})

test('what fails in a transaction is undone, and the reason comes through as it is', async () => {
  const refusal = new RegistryError('MANIFEST_UNKNOWN', 'no')
  const work = db.database.atomically(async (transaction) => {
    await transaction.query(sql`/* test.insert */ INSERT INTO tenants (name) VALUES ('undone')`)
    throw refusal
  })
  await expect(work).rejects.toBe(refusal)
  expect(await db.database.query(sql`/* test.select */ SELECT FROM tenants WHERE name = 'undone'`)).toEqual([])
})

test('a transaction in which a failed statement was swallowed does not count as committed', async () => {
  const work = db.database.atomically((transaction) => transaction.query(sql`/* test.wrong */ SELECT 1 / 0`).catch(() => 'swallowed'))
  await expect(work).rejects.toThrow('rolled back')
})

test('a deadlock runs again from the start and both get through', async () => {
  await db.database.query(sql`/* test.insert */ INSERT INTO tenants (name) VALUES ('left'), ('right')`)
  let runs = 0
  const bothStarted = Promise.withResolvers<void>()
  let started = 0
  const update = (first: string, second: string) =>
    db.database.atomically(async (transaction) => {
      runs++
      await transaction.query(sql`/* test.update */ UPDATE tenants SET created_at = now() WHERE name = ${first}`)
      if (++started === 2) bothStarted.resolve()
      await bothStarted.promise
      await transaction.query(sql`/* test.update */ UPDATE tenants SET created_at = now() WHERE name = ${second}`)
    })
  await Promise.all([update('left', 'right'), update('right', 'left')])
  // One of the two ran again; on a busy machine the two can meet once more.
  expect(runs).toBeGreaterThanOrEqual(3)
})

test('three serialization failures are enough', async () => {
  let runs = 0
  const work = db.database.atomically(async (transaction) => {
    runs++
    await transaction.query(sql`/* test.collide */ DO $$ BEGIN RAISE EXCEPTION 'collision' USING ERRCODE = '40001'; END $$`)
  })
  await expect(work).rejects.toBeInstanceOf(Unavailable)
  expect(runs).toBe(3)
})

test('more callers than may wait are refused at once', async () => {
  const narrow = openDatabase({ url: db.url, connections: 1, waiting: 1 })
  const results = await Promise.allSettled([1, 2, 3].map(() => narrow.query(sql`/* test.sleep */ SELECT pg_sleep(0.05)`)))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  await narrow.close()
})

test('ids come as numbers', async () => {
  expect(await db.database.query(sql`/* test.number */ SELECT 9007199254740991::bigint AS id`)).toEqual([{ id: 9007199254740991 }])
})

test('every statement is told of, failed ones too', async () => {
  const told: string[] = []
  const database = openDatabase({ url: db.url, onStatement: ({ label, failed }) => told.push(`${label} ${failed}`) })
  await database.query(sql`/* test.one */ SELECT 1`)
  await database.query(sql`/* test.wrong */ SELECT 1 / 0`).catch(() => undefined)
  await database.close()
  expect(told).toEqual(['test.one false', 'test.wrong true'])
})
