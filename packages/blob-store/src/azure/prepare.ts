import type { AzureCalls } from './client.ts'
import { withTries } from './tries.ts'
import type { Tries } from './tries.ts'

/** Makes sure that the container is there. Throws `Unavailable` where the storage does not answer or does not let us in. */
export async function prepareContainer(calls: AzureCalls, tries: Tries): Promise<void> {
  // Looked for first: an identity with a role on the container alone may not create one.
  if (await withTries(tries, calls.hasContainer)) return
  await withTries(tries, calls.createContainer)
}
