import type { StoredBytes } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import type { AzureCalls } from './client.ts'
import { locationOf, namesOf } from './location.ts'
import { withTries } from './tries.ts'
import type { Tries } from './tries.ts'

/** All of a registry. What is not committed has no size and no time in Azure: it counts as changed just now, so that nobody takes it for old. */
export async function* listLocations(
  calls: AzureCalls,
  tries: Tries,
  prefix: string,
  registry: RegistryId,
  now: () => Date,
): AsyncGenerator<StoredBytes> {
  const names = namesOf(prefix, registry)
  let after: string | undefined
  do {
    const page = await withTries(tries, (attempt) => calls.list(names, after, attempt))
    for (const { name, size, modifiedAt } of page.blobs) {
      const location = locationOf(prefix, name)
      if (location !== undefined) yield { location, size, modifiedAt: modifiedAt ?? now() }
    }
    after = page.next
  } while (after !== undefined)
}
