import type { SigningKeyFacts } from '@roadstead/identity/signing-key-facts.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'

interface KeyRow {
  readonly kid: string
  readonly private_key: string
  readonly public_key: string
  readonly created_at: Date
}

export function createSigningKeys(session: Session): SigningKeyFacts {
  return {
    async list() {
      const rows = await session.query<KeyRow>(sql`/* signing-keys.list */
        SELECT kid, private_key, public_key, created_at FROM signing_keys ORDER BY created_at DESC, kid`)
      return rows.map((row) => ({ kid: row.kid, privateKey: row.private_key, publicKey: row.public_key, createdAt: row.created_at }))
    },

    async add({ kid, privateKey, publicKey, createdAt }, unlessYoungerThan) {
      return await session.atomically(async (transaction) => {
        // One at a time, and the look comes after the lock: a statement that did both would look first.
        await transaction.query(sql`/* signing-keys.add lock */ LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`)
        const rows = await transaction.query(sql`/* signing-keys.add */
          INSERT INTO signing_keys (kid, private_key, public_key, created_at)
          SELECT ${kid}::text, ${privateKey}::text, ${publicKey}::text, ${createdAt}::timestamptz
          WHERE NOT EXISTS (SELECT FROM signing_keys WHERE created_at > ${unlessYoungerThan})
          RETURNING 1`)
        return rows.length > 0
      })
    },

    async removeOlder(before) {
      await session.query(sql`/* signing-keys.removeOlder */ DELETE FROM signing_keys WHERE created_at < ${before}`)
    },
  }
}
