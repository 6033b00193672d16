import type { Digest } from '@roadstead/oci/digest.ts'
import type { Registry } from '@roadstead/oci/registry.ts'

/** Where the check of the bytes in the background stands, so that a restart goes on and two processes do not do the same. */
export interface ScrubFacts {
  /**
   * Takes the registry that waited longest, for `lifetime` milliseconds, and answers behind which digest to go on. Undefined where none is
   * due: each was checked within the last `every` milliseconds, or somebody else is at it.
   */
  claim(every: number, lifetime: number): Promise<{ readonly registry: Registry; readonly after: Digest | undefined } | undefined>
  /** Writes down how far it came, and keeps it for another `lifetime` milliseconds. */
  advance(registry: Registry, after: Digest | undefined, lifetime: number): Promise<void>
  /** The registry was checked to its end. */
  finish(registry: Registry): Promise<void>
}
