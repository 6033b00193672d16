import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@roadstead/embedded/postgres.ts'
import { openDatabase } from '@roadstead/metadata/database.ts'
import { describeSchema } from '@roadstead/metadata/describe-schema.ts'
import { migrate } from '@roadstead/metadata/migrate.ts'

// npm run schema: writes what the migrations result in. With --check it writes nothing and fails where the file says something else.

const file = new URL('../packages/metadata/schema.sql', import.meta.url)
const head = '-- What the migrations result in. Written by npm run schema; not to be edited, not to be run.\n\n'

const schema = head + (await migratedSchema())
if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '')
  if (committed !== schema) {
    console.error('packages/metadata/schema.sql is not what the migrations result in: run npm run schema')
    process.exitCode = 1
  }
} else {
  await writeFile(file, schema)
}

async function migratedSchema(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roadstead-schema-'))
  const postgres = await startPostgres({ folder, fsync: false })
  try {
    const database = openDatabase({ url: postgres.url })
    await migrate(database)
    const text = await describeSchema(database)
    await database.close()
    return text
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
