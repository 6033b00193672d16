import type { CredentialFacts, PasswordSlot } from '@roadstead/identity/credential-facts.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'

interface PasswordRow {
  readonly slot: PasswordSlot
  readonly hash: string
  readonly expires_at: Date | null
}

export function createCredentials(session: Session): CredentialFacts {
  return {
    async passwords(registry, account) {
      // No account has a NUL in its name, and PostgreSQL would refuse to look for one: that is a wrong name, not a broken database.
      if (account.includes('\0')) return []
      const rows = await session.query<PasswordRow>(sql`/* credentials.passwords */
        SELECT slot, hash, expires_at FROM credentials
        WHERE registry_id = ${registry} AND account = ${account} AND (expires_at IS NULL OR expires_at > now())
        ORDER BY slot`)
      return rows.map(({ slot, hash, expires_at: expires }) => ({ slot, hash, ...(expires !== null && { expires }) }))
    },

    async setPassword(registry, account, { slot, hash, expires }) {
      await session.query(sql`/* credentials.setPassword */
        INSERT INTO credentials (registry_id, account, slot, hash, expires_at)
        VALUES (${registry}, ${account}, ${slot}, ${hash}, ${expires ?? null})
        ON CONFLICT (registry_id, account, slot)
        DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at, created_at = now()`)
    },
  }
}
