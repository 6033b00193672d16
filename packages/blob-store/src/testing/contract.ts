import { afterEach, beforeEach, describe } from '@jest/globals'
import { describeReads } from './contract-reads.ts'
import { describeRegistries } from './contract-registries.ts'
import { describeSources } from './contract-sources.ts'
import { describeUploads } from './contract-uploads.ts'
import { trialOf } from './trial.ts'
import type { StoreTraits, StoreUnderTest } from './trial.ts'

/** What every `BlobStore` promises. Run it for each implementation; `make` opens a store that is empty, for each test. */
export function describeBlobStore(name: string, make: () => Promise<StoreUnderTest>, traits: StoreTraits = {}): void {
  describe(`blob store: ${name}`, () => {
    let opened: StoreUnderTest
    beforeEach(async () => {
      opened = await make()
    })
    afterEach(() => opened.close())

    const trial = trialOf(() => opened, traits)
    describeUploads(trial)
    describeSources(trial)
    describeReads(trial)
    describeRegistries(trial)
  })
}
