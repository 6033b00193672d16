import { readdir, readFile } from 'node:fs/promises'
import type { Database, Session } from './database.ts'
import { sql } from './sql.ts'

interface Migration {
  readonly version: number
  readonly name: string
  readonly read: () => Promise<string>
}

/** Milliseconds: another process may be rewriting a table. */
const lockPatience = 24 * 60 * 60 * 1000

const folder = new URL('../migrations/', import.meta.url)

/**
 * Brings the schema to the version of this code, one transaction per file. Several processes may do so at once; each file runs once.
 * Throws on a schema that is newer than this code. Answers the names of the files that this call ran.
 */
export async function migrate(database: Database): Promise<readonly string[]> {
  const applied: string[] = []
  for (const migration of await missingMigrations(database)) {
    await database.script((transaction) => prepare(transaction, migration, () => applied.push(migration.name)))
  }
  return applied
}

/** Names of the files that `migrate` would run, for who only reads. Throws as it does. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  return (await missingMigrations(database)).map(({ name }) => name)
}

async function missingMigrations(database: Database): Promise<readonly Migration[]> {
  const migrations = await readMigrations()
  const newest = migrations.at(-1)!.version
  const current = await readVersion(database)
  if (current > newest) {
    throw new Error(`the database has schema version ${current}, and this Roadstead knows up to ${newest}: start the newer Roadstead again`)
  }
  return migrations.filter(({ version }) => version > current)
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-[a-z-]+\.sql$/.test(name)).sort()
  return names.map((name) => ({
    version: Number(name.slice(0, 4)),
    name,
    read: () => readFile(new URL(name, folder), 'utf8'),
  }))
}

/** Zero where nothing was migrated yet. */
async function readVersion(session: Session): Promise<number> {
  // Not to_regclass: it may answer from before the moment at which another process gave the lock to us.
  const [table] = await session.query<{ readonly found: boolean }>(sql`/* migrate.table */
    SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'schema_versions' AND relnamespace = current_schema()::regnamespace) AS found`)
  if (!table!.found) return 0
  const [row] = await session.query<{ readonly version: number | null }>(
    sql`/* migrate.version */ SELECT max(version) AS version FROM schema_versions`,
  )
  return row!.version ?? 0
}

/** The script to run in the open transaction, or undefined where another process has run it by now. */
async function prepare(transaction: Session, migration: Migration, onRun: () => void): Promise<string | undefined> {
  // Waiting for another process, and rewriting a table, may take longer than any request would.
  await transaction.query(
    sql`/* migrate.patience */ SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`,
  )
  // Any number will do, as long as it is always the same. Held until the transaction ends.
  await transaction.query(sql`/* migrate.lock */ SELECT pg_advisory_xact_lock(7236283)`, lockPatience)
  if ((await readVersion(transaction)) >= migration.version) return undefined
  if (migration.version === 1) {
    await transaction.query(sql`/* migrate.create */
      CREATE TABLE schema_versions (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`)
  }
  await transaction.query(
    sql`/* migrate.record */ INSERT INTO schema_versions (version, name) VALUES (${migration.version}, ${migration.name})`,
  )
  onRun()
  return await migration.read()
}
