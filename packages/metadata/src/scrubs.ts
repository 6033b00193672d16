import type { ScrubFacts } from '@roadstead/distribution/scrub-facts.ts'
import { digestFromBytes, digestToBytes } from '@roadstead/oci/digest.ts'
import type { Session } from './database.ts'
import { readRegistry } from './registries.ts'
import type { RegistryRow } from './registries.ts'
import { sql } from './sql.ts'

export function createScrubs(session: Session): ScrubFacts {
  return {
    async claim(every, lifetime) {
      // Two that choose the same one at once: the second waits for the first one's row and then finds it claimed.
      const [row] = await session.query<RegistryRow & { readonly after: Buffer | null }>(sql`/* scrubs.claim */
        WITH due AS (
          SELECT r.id FROM registries r
          LEFT JOIN scrubs s ON s.registry_id = r.id
          WHERE r.deleted_at IS NULL AND (s.registry_id IS NULL OR (
            s.claimed_until <= now()
            AND (s.finished_at IS NULL OR s.finished_at <= now() - ${every}::double precision * interval '1 millisecond')
          ))
          ORDER BY s.finished_at NULLS FIRST, r.id
          LIMIT 1
        ), claimed AS (
          INSERT INTO scrubs AS s (registry_id, claimed_until)
          SELECT id, now() + ${lifetime}::double precision * interval '1 millisecond' FROM due
          ON CONFLICT (registry_id) DO UPDATE SET claimed_until = excluded.claimed_until, finished_at = NULL
          WHERE s.claimed_until <= now()
          RETURNING s.registry_id, s.after
        )
        SELECT c.after, r.id, r.name, t.name AS tenant, r.label, a.url AS storage, r.admin_enabled, r.anonymous_pull, r.created_at
        FROM claimed c
        JOIN registries r ON r.id = c.registry_id
        JOIN tenants t ON t.id = r.tenant_id
        JOIN storage_accounts a ON a.id = r.storage_account_id`)
      return row && { registry: readRegistry(row), after: row.after === null ? undefined : digestFromBytes(row.after) }
    },

    async advance(registry, after, lifetime) {
      await session.query(sql`/* scrubs.advance */
        UPDATE scrubs
        SET after = ${after === undefined ? null : digestToBytes(after)},
          claimed_until = now() + ${lifetime}::double precision * interval '1 millisecond'
        WHERE registry_id = ${registry.id}`)
    },

    async finish(registry) {
      await session.query(sql`/* scrubs.finish */
        UPDATE scrubs SET after = NULL, finished_at = now(), claimed_until = now() WHERE registry_id = ${registry.id}`)
    },
  }
}
