import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { DeletionFacts } from '@roadstead/distribution/deletion-facts.ts'
import type { Session } from './database.ts'
import { readRegistry } from './registries.ts'
import type { RegistryRow } from './registries.ts'
import { sql } from './sql.ts'

export function createDeletions(session: Session): DeletionFacts {
  return {
    async registries(retention, after, limit) {
      // Also of registries that are deleted: their bytes have to go all the same.
      const rows = await session.query<RegistryRow>(sql`/* deletions.registries */
        SELECT r.id, r.name, t.name AS tenant, r.label, a.url AS storage, r.admin_enabled, r.anonymous_pull, r.created_at
        FROM registries r
        JOIN tenants t ON t.id = r.tenant_id
        JOIN storage_accounts a ON a.id = r.storage_account_id
        WHERE r.id > ${after ?? 0} AND EXISTS (
          SELECT FROM deleted_locations d
          WHERE d.registry_id = r.id AND d.deleted_at <= now() - ${retention}::double precision * interval '1 millisecond'
        )
        ORDER BY r.id
        LIMIT ${limit}`)
      return rows.map(readRegistry)
    },

    async due(registry, retention, limit) {
      const rows = await session.query<{ readonly location: Location }>(sql`/* deletions.due */
        SELECT d.location FROM deleted_locations d
        WHERE d.registry_id = ${registry.id} AND d.deleted_at <= now() - ${retention}::double precision * interval '1 millisecond'
          -- No location is used twice. Should a store ever break that promise, it must not cost anybody's bytes.
          AND (SELECT b.size FROM blobs b WHERE b.registry_id = ${registry.id} AND b.location = d.location) IS NULL
        ORDER BY d.deleted_at
        LIMIT ${limit}`)
      return rows.map((row) => row.location)
    },

    async forget(registry, locations) {
      await session.query(sql`/* deletions.forget */
        DELETE FROM deleted_locations WHERE registry_id = ${registry.id} AND location = ANY (${locations}::text[])`)
    },
  }
}
