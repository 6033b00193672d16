import type { RegistryFacts } from '@roadstead/distribution/metadata.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { inOrderOf, lookupLimit } from './lookup.ts'
import type { MakeLookup } from './lookup.ts'
import { sql } from './sql.ts'

export interface RegistryRow {
  readonly id: number
  readonly name: string
  readonly tenant: string
  readonly label: string
  readonly storage: string
  readonly admin_enabled: boolean
  readonly anonymous_pull: boolean
  readonly created_at: Date
}

export function createRegistries(session: Session, lookup: MakeLookup): RegistryFacts {
  return {
    find: lookup({ identify: (label: RegistryLabel) => label, ask: (labels) => findRegistries(session, labels) }),

    async list(after, limit) {
      const rows = await session.query<RegistryRow>(sql`/* registries.list */
        SELECT r.id, r.name, t.name AS tenant, r.label, a.url AS storage, r.admin_enabled, r.anonymous_pull, r.created_at
        FROM registries r
        JOIN tenants t ON t.id = r.tenant_id
        JOIN storage_accounts a ON a.id = r.storage_account_id
        WHERE r.id > ${after ?? 0} AND r.deleted_at IS NULL
        ORDER BY r.id
        LIMIT ${limit}`)
      return rows.map(readRegistry)
    },
  }
}

async function findRegistries(session: Session, labels: readonly RegistryLabel[]): Promise<readonly (Registry | undefined)[]> {
  // LIMIT 1 keeps the planner from joining whole tables once the number of keys is unknown to it.
  const rows = await session.query<RegistryRow & { readonly ordinal: number }>(
    sql`/* registries.find */
    SELECT k.ordinal, r.*
    FROM unnest(${labels}::text[]) WITH ORDINALITY AS k (label, ordinal)
    CROSS JOIN LATERAL (
      SELECT r.id, r.name, t.name AS tenant, r.label, a.url AS storage, r.admin_enabled, r.anonymous_pull, r.created_at
      FROM registries r
      JOIN tenants t ON t.id = r.tenant_id
      JOIN storage_accounts a ON a.id = r.storage_account_id
      WHERE r.label = k.label AND r.deleted_at IS NULL
      LIMIT 1
    ) r`,
    lookupLimit,
  )
  return inOrderOf(labels, rows).map((row) => row && readRegistry(row))
}

export function readRegistry(row: RegistryRow): Registry {
  return {
    id: row.id as RegistryId,
    name: row.name,
    tenant: row.tenant,
    label: row.label as RegistryLabel,
    storage: row.storage,
    adminEnabled: row.admin_enabled,
    anonymousPull: row.anonymous_pull,
    createdAt: row.created_at,
  }
}
