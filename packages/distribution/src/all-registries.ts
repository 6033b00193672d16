import type { Registry, RegistryId } from '@roadstead/oci/registry.ts'
import type { Metadata } from './metadata.ts'

const batch = 100

/** All registries, a batch at a time. */
export function allRegistries({ metadata }: { readonly metadata: Metadata }): AsyncGenerator<Registry> {
  return walkRegistries((after) => metadata.registries.list(after, batch))
}

/** Registries by ascending id from a list that is asked page by page until it is empty. */
export async function* walkRegistries(page: (after: RegistryId | undefined) => Promise<readonly Registry[]>): AsyncGenerator<Registry> {
  let after: RegistryId | undefined
  for (;;) {
    const registries = await page(after)
    yield* registries
    after = registries.at(-1)?.id
    if (after === undefined) return
  }
}
