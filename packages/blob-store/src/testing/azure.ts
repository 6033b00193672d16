import { afterAll, afterEach, beforeAll, describe, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { accountKey, createAzureStore, prepareAzureStore } from '../azure.ts'
import type { AzureSettings } from '../azure.ts'
import type { Tries } from '../azure/tries.ts'
import { nameOfAzureCall } from './azure-calls.ts'
import { findAzurite, startAzurite } from './azurite.ts'
import type { RunningAzurite } from './azurite.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { FaultProxy } from './fault-proxy.ts'
import type { StoreUnderTest } from './trial.ts'

/** Tries that do not keep a test waiting where calls fail. */
export const quickTries: Tries = { count: 3, delay: 1, timeout: 10_000, budget: 60_000 }

/** For tests in which a call is not answered. */
export const impatientTries: Tries = { ...quickTries, timeout: 300 }

export interface AzureBench {
  /** What a store needs to use a container that nobody else uses. */
  settings(more?: Partial<AzureSettings>): Promise<AzureSettings>
  /** The same, by way of the proxy. */
  proxied(more?: Partial<AzureSettings>): Promise<AzureSettings>
  readonly proxy: FaultProxy
}

/** Runs tests against an azurite of their own, or names them as skipped, with the reason. */
export function describeOnAzurite(name: string, tests: (bench: AzureBench) => void): void {
  const azurite = findAzurite()
  if ('skipped' in azurite) {
    describe.skip(`${name} (${azurite.skipped})`, () => {
      test('all of it', () => {})
    })
    return
  }
  describe(name, () => {
    let server: RunningAzurite
    let proxy: FaultProxy
    beforeAll(async () => {
      server = await startAzurite(azurite.program)
      proxy = await startFaultProxy({ upstream: new URL(server.endpoint).origin, nameOf: nameOfAzureCall })
    })
    afterEach(() => proxy.reset())
    afterAll(async () => {
      await proxy.stop()
      await server.stop()
    })

    const settingsAt = async (endpoint: string, more: Partial<AzureSettings>): Promise<AzureSettings> => {
      const address = { account: server.account, container: `c-${randomUUID()}`, prefix: 'some/prefix', endpoint: server.endpoint }
      const credential = accountKey(server.key)
      await prepareAzureStore({ address, credential })
      return { address: { ...address, endpoint }, credential, ...more }
    }
    tests({
      settings: (more = {}) => settingsAt(server.endpoint, more),
      proxied: (more = {}) => settingsAt(`${proxy.endpoint}${new URL(server.endpoint).pathname}`, more),
      get proxy() {
        return proxy
      },
    })
  })
}

/** For the contract suite. */
export async function azureUnderTest(bench: AzureBench): Promise<StoreUnderTest> {
  const settings = await bench.settings()
  return { store: createAzureStore(settings), another: () => createAzureStore(settings), close: async () => {} }
}
