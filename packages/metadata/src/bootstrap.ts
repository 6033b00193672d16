import { registryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { readRegistry } from './registries.ts'
import type { RegistryRow } from './registries.ts'
import { sql } from './sql.ts'

export interface WantedRegistry {
  readonly tenant: string
  readonly name: string
  /** Address of the storage account, in the form of the setting ROADSTEAD_STORAGE. */
  readonly storage: string
  readonly adminEnabled: boolean
  readonly anonymousPull?: boolean
}

export type EnsureRegistry = (wanted: WantedRegistry) => Promise<{ readonly registry: Registry; readonly created: boolean }>

/**
 * Makes a registry with its tenant and storage account where they are not there; one that is there stays as it is. Of several
 * processes that start at once one makes it, and the others are answered with it. Throws on names that are no login server.
 */
export function createEnsureRegistry(session: Session): EnsureRegistry {
  return async (wanted) => {
    const label = registryLabel(wanted.name, wanted.tenant)
    if (label === undefined) throw new Error(`${wanted.tenant}/${wanted.name} is not the name of a tenant and a registry`)
    return await session.atomically(async (transaction) => {
      const known = await findRow(transaction, label)
      if (known !== undefined) return { registry: readRegistry(known), created: false }
      const created = await insert(transaction, wanted, label)
      // Not the values of `wanted`: whoever came first decided.
      return { registry: readRegistry((await findRow(transaction, label))!), created }
    })
  }
}

async function findRow(session: Session, label: string): Promise<RegistryRow | undefined> {
  const [row] = await session.query<RegistryRow>(sql`/* bootstrap.find */
    SELECT r.id, r.name, t.name AS tenant, r.label, a.url AS storage, r.admin_enabled, r.anonymous_pull, r.created_at
    FROM registries r
    JOIN tenants t ON t.id = r.tenant_id
    JOIN storage_accounts a ON a.id = r.storage_account_id
    WHERE r.label = ${label} AND r.deleted_at IS NULL`)
  return row
}

async function insert(session: Session, wanted: WantedRegistry, label: string): Promise<boolean> {
  const tenant = wanted.tenant.toLowerCase()
  await session.query(sql`/* bootstrap.tenant */ INSERT INTO tenants (name) VALUES (${tenant}) ON CONFLICT (name) DO NOTHING`)
  await session.query(sql`/* bootstrap.storage */
    INSERT INTO storage_accounts (tenant_id, url)
    SELECT id, ${wanted.storage}::text FROM tenants WHERE name = ${tenant}
    ON CONFLICT (tenant_id, url) DO NOTHING`)
  const rows = await session.query(sql`/* bootstrap.registry */
    INSERT INTO registries (tenant_id, storage_account_id, name, label, admin_enabled, anonymous_pull)
    SELECT t.id, a.id, ${wanted.name}::text, ${label}::text, ${wanted.adminEnabled}::boolean, ${wanted.anonymousPull ?? false}::boolean
    FROM tenants t JOIN storage_accounts a ON a.tenant_id = t.id
    WHERE t.name = ${tenant} AND a.url = ${wanted.storage}
    ON CONFLICT (label) WHERE deleted_at IS NULL DO NOTHING
    RETURNING 1`)
  return rows.length > 0
}
