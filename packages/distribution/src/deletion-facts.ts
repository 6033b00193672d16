import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import type { Location } from './blob-store.ts'

/**
 * Bytes whose row is gone, and which wait for their removal: a backup whose database names them may still be copying them. Ages are
 * those of the database's clock, in milliseconds.
 */
export interface DeletionFacts {
  /** Registries with bytes that wait for longer than `retention`. */
  registries(retention: number, after: RegistryId | undefined, limit: number): Promise<readonly Registry[]>
  due(registry: Registry, retention: number, limit: number): Promise<readonly Location[]>
  /** Their bytes were removed. */
  forget(registry: Registry, locations: readonly Location[]): Promise<void>
}
