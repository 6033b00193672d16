import { createMemoryStore } from './memory.ts'
import { describeBlobStore } from './testing/contract.ts'

describeBlobStore(
  'memory',
  async () => {
    const store = createMemoryStore({ now: () => new Date() })
    return { store, another: () => store, close: async () => {} }
  },
  { inMemory: true },
)
