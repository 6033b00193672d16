import type { RegistryLabel } from './login-server.ts'
import type { RepositoryName } from './repository-name.ts'

/** Given out by the database and never used twice, not even for a registry of the same name. */
export type RegistryId = number & { readonly __brand: 'registry id' }

/** What a request needs to know of the registry that its host name names. */
export interface Registry {
  readonly id: RegistryId
  readonly name: string
  readonly tenant: string
  readonly label: RegistryLabel
  /** Where its bytes are kept: the address of its storage account, in the form of the setting ROADSTEAD_STORAGE. */
  readonly storage: string
  readonly adminEnabled: boolean
  readonly anonymousPull: boolean
  readonly createdAt: Date
}

/** A repository as a place in a registry; whether anything was pushed to it, the facts tell. */
export interface Repository {
  readonly registry: Registry
  readonly name: RepositoryName
}
