import { randomBytes } from 'node:crypto'
import { allRegistries } from '@roadstead/distribution/all-registries.ts'
import { adminAccount } from '@roadstead/identity/authenticator.ts'
import type { PasswordSlot } from '@roadstead/identity/credential-facts.ts'
import { generatePassword, hashPassword } from '@roadstead/identity/password.ts'
import { parseRegistryLabel, registryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import { exitCodes } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Installation } from './installation.ts'
import type { Terminal } from './terminal.ts'

export interface CreateWishes {
  /** `tenant/name`. */
  readonly registry: string
  readonly anonymousPull: boolean
}

/** Makes a registry with an admin account, whose password is written once. */
export async function createRegistry(
  { facts, storage }: Pick<Installation, 'facts' | 'storage'>,
  { registry: text, anonymousPull }: CreateWishes,
  terminal: Terminal,
): Promise<ExitCode> {
  const [tenant = '', name = '', ...rest] = text.split('/')
  if (rest.length > 0 || registryLabel(name, tenant) === undefined) {
    terminal.say(`${text} is not tenant/name, both of a-z and 0-9, 62 characters at most together`)
    return exitCodes.wrongUsage
  }
  const { registry, created } = await facts.ensureRegistry({ tenant, name, storage, adminEnabled: true, anonymousPull })
  if (!created) {
    terminal.say(`the registry ${registry.label} is there already; roadstead password reset ${registry.label} makes a new password`)
    return exitCodes.findings
  }
  terminal.say(`made the registry ${registry.label}; its user name is ${registry.name}, and its password, shown this once:`)
  terminal.write(`${await newPassword(facts, registry.id, 1)}\n`)
  return exitCodes.done
}

/** One line for each registry: label, tenant, name, storage. */
export async function listRegistries(
  { facts }: Pick<Installation, 'facts'>,
  output: 'table' | 'json',
  terminal: Terminal,
): Promise<ExitCode> {
  const registries: Registry[] = []
  for await (const registry of allRegistries({ metadata: facts })) registries.push(registry)
  if (output === 'json') terminal.write(`${JSON.stringify(registries)}\n`)
  else for (const { label, tenant, name, storage } of registries) terminal.write(`${[label, `${tenant}/${name}`, storage].join('\t')}\n`)
  return exitCodes.done
}

/** Gives the admin account a new password in one of its two places; the other one stays good. */
export async function resetPassword(
  { facts }: Pick<Installation, 'facts'>,
  { registry: text, slot }: { readonly registry: string; readonly slot: PasswordSlot },
  terminal: Terminal,
): Promise<ExitCode> {
  const label = parseRegistryLabel(text)
  const registry = label && (await facts.registries.find(label))
  if (registry === undefined) {
    terminal.say(`there is no registry ${text}; roadstead registry list shows all`)
    return exitCodes.wrongUsage
  }
  terminal.say(`the new password ${slot} of ${registry.name} at ${registry.label}, shown this once:`)
  terminal.write(`${await newPassword(facts, registry.id, slot)}\n`)
  return exitCodes.done
}

async function newPassword({ credentials }: Installation['facts'], registry: RegistryId, slot: PasswordSlot): Promise<string> {
  const password = generatePassword(randomBytes)
  await credentials.setPassword(registry, adminAccount, { slot, hash: await hashPassword(password) })
  return password
}
