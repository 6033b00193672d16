import type { RegistryId } from '@roadstead/oci/registry.ts'

/** An account has two passwords, both valid, so that one can be replaced while the other is in use. */
export type PasswordSlot = 1 | 2

export interface StoredPassword {
  readonly slot: PasswordSlot
  /** Output of `hashPassword`: the parameters, the salt and the hash in one text. */
  readonly hash: string
  readonly expires?: Date
}

/** Passwords of accounts that a registry itself knows. Throws `Unavailable` when the database does not answer. */
export interface CredentialFacts {
  /** The account's passwords that have not expired; none where there is no such account. `admin` is the admin account. */
  passwords(registry: RegistryId, account: string): Promise<readonly StoredPassword[]>
  setPassword(registry: RegistryId, account: string, password: StoredPassword): Promise<void>
}
