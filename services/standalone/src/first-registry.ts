import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { adminAccount } from '@roadstead/identity/authenticator.ts'
import { generatePassword, hashPassword, verifyPassword } from '@roadstead/identity/password.ts'
import type { AllFacts } from '@roadstead/metadata/metadata.ts'
import type { Registry } from '@roadstead/oci/registry.ts'

/** What became of the admin account's first password. */
export type FirstPassword =
  | { readonly kind: 'made'; readonly password: string }
  /** From the settings: set on the first start, or in place of another one. */
  | { readonly kind: 'set' }
  | { readonly kind: 'replaced' }
  | { readonly kind: 'kept' }

export interface FirstRegistryWanted {
  readonly tenant: string
  readonly registry: string
  readonly storage: string
  /** From the settings; undefined for a random one. */
  readonly password: string | undefined
}

type Facts = Pick<AllFacts, 'ensureRegistry' | 'credentials'>

/** How long another process that makes the same registry right now gets to set its password. Milliseconds. */
const otherStarter = 2000

/** Makes the registry that the settings name, unless it is there, and sees to its admin account's first password. */
export async function ensureFirstRegistry(
  facts: Facts,
  wanted: FirstRegistryWanted,
): Promise<{ readonly registry: Registry; readonly password: FirstPassword }> {
  const { registry, created } = await facts.ensureRegistry({
    tenant: wanted.tenant,
    name: wanted.registry,
    storage: wanted.storage,
    adminEnabled: true,
  })
  return { registry, password: await ensurePassword(facts, registry, wanted.password, created) }
}

async function ensurePassword(
  { credentials }: Facts,
  registry: Registry,
  wanted: string | undefined,
  created: boolean,
): Promise<FirstPassword> {
  const firstHash = async (): Promise<string | undefined> =>
    (await credentials.passwords(registry.id, adminAccount)).find(({ slot }) => slot === 1)?.hash
  let hash = await firstHash()
  // Several processes on one database may start for the first time at once: one of them makes the password, and only one may print it.
  if (hash === undefined && !created) {
    await sleep(otherStarter)
    hash = await firstHash()
  }
  if (hash !== undefined && (wanted === undefined || (await verifyPassword(wanted, hash)))) return { kind: 'kept' }
  const password = wanted ?? generatePassword(randomBytes)
  await credentials.setPassword(registry.id, adminAccount, { slot: 1, hash: await hashPassword(password) })
  if (wanted === undefined) return { kind: 'made', password }
  return { kind: hash === undefined ? 'set' : 'replaced' }
}
