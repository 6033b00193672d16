import type { Registry } from '@roadstead/oci/registry.ts'

/** Who asks. The id stays the same when a password changes, so an upload goes on with a token of the new one. */
export interface Principal {
  readonly id: string
  readonly kind: 'admin' | 'anonymous'
  /** For people and logs; never decides anything. */
  readonly name: string
}

export const anonymous: Principal = { id: 'anonymous', kind: 'anonymous', name: 'anonymous' }

/** The registry's own account. Its user name is the registry's name. */
export function adminPrincipal(registry: Registry): Principal {
  return { id: `admin:${registry.id}`, kind: 'admin', name: registry.name }
}

/**
 * The principal of this registry with that id, as long as the registry lets it in: undefined as soon as the admin account is disabled
 * or anonymous pull is switched off.
 */
export function principalOf(registry: Registry, id: string): Principal | undefined {
  if (id === anonymous.id) return registry.anonymousPull ? anonymous : undefined
  const admin = adminPrincipal(registry)
  return id === admin.id && registry.adminEnabled ? admin : undefined
}
