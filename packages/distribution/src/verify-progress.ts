import type { RegistryLabel } from '@roadstead/oci/login-server.ts'

/** How far a verification has come; all numbers only grow. */
export interface VerifyProgress {
  readonly registry: RegistryLabel | undefined
  /** Registries that are done. */
  readonly registries: number
  readonly blobs: number
  readonly manifests: number
  readonly tags: number
  /** Things that the storage listed. */
  readonly stored: number
  /** Bytes that were read and hashed. */
  readonly bytes: number
  readonly findings: number
}

export type Counts = { -readonly [Name in keyof VerifyProgress]: VerifyProgress[Name] }

export function noProgress(): Counts {
  return { registry: undefined, registries: 0, blobs: 0, manifests: 0, tags: 0, stored: 0, bytes: 0, findings: 0 }
}
