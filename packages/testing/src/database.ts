import { randomUUID } from 'node:crypto'
import { openDatabase } from '@roadstead/metadata/database.ts'
import type { Database } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import type { AllFacts } from '@roadstead/metadata/metadata.ts'
import { addressOf, template, testServer } from './server.ts'

export interface TestDatabase {
  /** In the form of DATABASE_URL. */
  readonly url: string
  readonly database: Database
  readonly metadata: AllFacts
  /** Labels of the statements that were sent since the last call, in order. */
  statements(): readonly string[]
  /** Closes and drops it. For `afterAll`. */
  close(): Promise<void>
}

/** A migrated database without rows, for one test file. */
export async function testDatabase(): Promise<TestDatabase> {
  return await copyOf(template)
}

/** A database without any table, for tests of migrations. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return await copyOf('template1')
}

async function copyOf(original: string): Promise<TestDatabase> {
  const server = await testServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${original}`)
  const url = addressOf(server, name)
  let labels: string[] = []
  const database = openDatabase({ url, onStatement: ({ label }) => labels.push(label) })
  return {
    url,
    database,
    metadata: createMetadata(database),
    statements() {
      const sent = labels
      labels = []
      return sent
    },
    async close() {
      await database.close()
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

/** Names of databases cannot be bound; these are made above, of letters and digits. */
async function administer(server: string, text: string): Promise<void> {
  const admin = openDatabase({ url: server, connections: 1 })
  try {
    await admin.query({ label: 'testing', name: '', text, values: [] })
  } finally {
    await admin.close()
  }
}
