import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '@roadstead/embedded/postgres.ts'
import { openDatabase } from '@roadstead/metadata/database.ts'
import { migrate } from '@roadstead/metadata/migrate.ts'
import { sql } from '@roadstead/metadata/sql.ts'
import { folderVariable, removeServer } from './server-folder.ts'

/** The migrated database that those of the test files are copies of. */
export const template = 'template_roadstead'

/** Names a server of another version to run the tests on; its account has to be allowed to make databases. */
const serverVariable = 'TEST_DATABASE_URL'

// Statistics that change in the middle of a test would make its plans a matter of chance.
const testSettings = { max_connections: '200', autovacuum: 'off' }

/** The address of the test run's server, which the first caller of all worker processes starts. */
export async function testServer(): Promise<string> {
  const folder = process.env[folderVariable]
  if (folder === undefined) throw new Error(`${folderVariable} is not set: databases for tests come with jest's global setup`)
  const ready = join(folder, 'ready')
  for (let waited = 0; waited < 60_000; waited += 20) {
    const url = await readFile(ready, 'utf8').catch(() => undefined)
    if (url !== undefined) return url
    if (await isFirst(folder)) return await startOrLeave(folder, ready)
    await sleep(20)
  }
  throw new Error('the database server of the tests did not start within a minute: another worker must have failed to start it')
}

/** The name of a database as it appears in an address. */
export function addressOf(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}

async function isFirst(folder: string): Promise<boolean> {
  return (await mkdir(folder, { recursive: true })) !== undefined
}

/** A worker that fails leaves no trace, so that the next one tries for itself and reports the reason too. */
async function startOrLeave(folder: string, ready: string): Promise<string> {
  try {
    return await start(folder, ready)
  } catch (error) {
    await removeServer(folder)
    throw error
  }
}

async function start(folder: string, ready: string): Promise<string> {
  const url = process.env[serverVariable] ?? (await startPostgres({ folder, fsync: false, settings: testSettings })).url
  const server = openDatabase({ url, connections: 1 })
  await server.query(sql`/* testing.template */ DROP DATABASE IF EXISTS template_roadstead WITH (FORCE)`)
  await server.query(sql`/* testing.template */ CREATE DATABASE template_roadstead`)
  await server.close()
  const database = openDatabase({ url: addressOf(url, template), connections: 1 })
  await migrate(database)
  await database.close()
  await writeFile(`${ready}.new`, url)
  await rename(`${ready}.new`, ready)
  return url
}
