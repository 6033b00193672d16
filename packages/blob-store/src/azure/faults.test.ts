import { describe, expect, test } from '@jest/globals'
import type { BlobStore, Location, StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import { createAzureStore } from '../azure.ts'
import { azureError } from '../testing/azure-calls.ts'
import { describeOnAzurite, impatientTries, quickTries } from '../testing/azure.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import type { Summary } from '../testing/bytes.ts'
import type { Fault } from '../testing/fault-proxy.ts'
import type { Tries } from './tries.ts'
import { collect, registry } from '../testing/trial.ts'

const mebibyte = 1024 * 1024
const bytes = pattern(1_300_000)

/** All of the store's calls: two parallel blocks, a new tail, a longer one, one that becomes a block, a tail at the end, read, link, delete. */
const ends = [mebibyte + 100, mebibyte + 300, mebibyte + 500, 1_200_000, bytes.length - 50, bytes.length]
const blockSizeAfter = (used: number) => ({ full: mebibyte, least: used < 2 ? 1 : 10_000, mayBeShort: true })

const outages: readonly (readonly [string, Fault])[] = [
  ['503 ServerBusy', azureError(503, 'ServerBusy')],
  ['500 InternalError', azureError(500, 'InternalError')],
  ['500 OperationTimedOut after it was done', azureError(500, 'OperationTimedOut', 'answer instead')],
  ['a 502 of a proxy', { kind: 'answer', status: 502, body: '<html>' }],
  ['a broken connection', { kind: 'cut request', after: 1 }],
  ['a lost answer', { kind: 'lose answer' }],
  ['no answer', { kind: 'stall' }],
]

const faults: typeof outages = [
  ...outages,
  ['half an answer', { kind: 'cut answer', after: 30 }],
  ['no end of the answer', { kind: 'stall answer', after: 30 }],
  ['a bit that flips on its way', { kind: 'change request' }],
]

describeOnAzurite('failures of Azure', (bench) => {
  const open = async ({ kind }: { readonly kind?: Fault['kind'] } = {}, more: Partial<Tries> = {}) => {
    const tries = kind?.startsWith('stall') === true ? { ...impatientTries, ...more } : quickTries
    return createAzureStore(await bench.proxied({ tries, blockSizeAfter }))
  }

  test.each(faults)('%s: of any one call it changes nothing', async (_, fault) => {
    for (let broken = 1, count = Infinity; broken <= count; broken++) {
      const store = await open(fault)
      bench.proxy.reset(({ number, name }) => (number === broken && canHave(fault, name) ? fault : undefined))
      await pushed(store, (operation) => operation())
      count = bench.proxy.calls.length
      expect(count).toBeGreaterThan(12)
    }
  })

  test.each(outages)('%s: from any call on it is said, and work goes on from what was acknowledged', async (_, fault) => {
    let failed = 0
    for (let broken = 1, isReached = true; isReached; broken++) {
      const store = await open(fault, { count: 1 })
      isReached = false
      bench.proxy.reset(({ number }) => {
        isReached ||= number === broken
        return number >= broken ? fault : undefined
      })
      await pushed(store, async (operation) => {
        try {
          return await operation()
        } catch (error) {
          expect(error).toBeInstanceOf(Unavailable)
          failed += 1
          bench.proxy.reset()
          return operation()
        }
      })
    }
    expect(failed).toBeGreaterThan(8)
  })

  /** Pushes, reads and deletes; `attempt` runs each operation, and may run it again from the same state. */
  async function pushed(store: BlobStore, attempt: <Value>(operation: () => Promise<Value>) => Promise<Value>): Promise<void> {
    let upload: StagedUpload = await store.begin(registry)
    for (const end of ends) {
      const from = upload
      upload = await attempt(() => store.append(from, chunked(bytes.subarray(from.offset, end), 65_536)))
      expect(upload.offset).toBe(end)
    }
    const { location } = upload
    await attempt(() => store.commit(upload))
    expect(await attempt(() => contentOf(store, location))).toEqual(summaryOf(bytes))
    const middle = { first: mebibyte, last: mebibyte + 20_000 }
    expect(await attempt(() => contentOf(store, location, middle))).toEqual(summaryOf(bytes.subarray(middle.first, middle.last + 1)))
    const listed = await attempt(() => collect(store.list(registry)))
    expect(listed.map((entry) => entry.location)).toContain(location)
    await attempt(() => store.delete([...listed.map((entry) => entry.location), fixed]))
    expect(await attempt(() => store.read(location))).toBeUndefined()
    await attempt(() => store.abort(upload))
    expect(await attempt(() => collect(store.list(registry)))).toEqual([])
  }

  test('an append to a silent storage ends, lets go of its source, and goes on as soon as there is an answer', async () => {
    const store = await open({ kind: 'stall' })
    const upload = await store.begin(registry)
    bench.proxy.reset(() => ({ kind: 'stall' }))
    const source = chunked(pattern(12 * mebibyte), 65_536)
    await expect(store.append(upload, source)).rejects.toBeInstanceOf(Unavailable)
    expect(source.isPaused()).toBe(true)
    expect(source.destroyed).toBe(false)
    bench.proxy.reset()
    expect((await store.append(upload, chunked(bytes, 65_536))).offset).toBe(bytes.length)
  })

  test.each([
    [507, 'InsufficientStorage', StorageFull],
    [409, 'AccountQuotaExceeded', StorageFull],
    [403, 'AuthenticationFailed', Unavailable],
    [403, 'AuthorizationPermissionMismatch', Unavailable],
    [404, 'ContainerNotFound', Unavailable],
    [409, 'ContainerBeingDeleted', Unavailable],
    [429, 'TooManyRequests', Unavailable],
  ])('%d %s is the same failure of each method', async (status, code, kind) => {
    const fault = azureError(status, code)
    const store = await open()
    const upload = await store.append(await store.begin(registry), chunked(pattern(100), 10))
    bench.proxy.reset(() => fault)
    const { location } = upload
    for (const operation of [
      () => store.append(upload, chunked(pattern(10), 10)),
      () => store.commit(upload),
      () => store.abort(upload),
      () => store.read(location),
      () => store.delete([location]),
      () => store.delete([location, fixed]),
      () => collect(store.list(registry)),
    ]) {
      await expect(operation()).rejects.toBeInstanceOf(kind)
    }
    bench.proxy.reset()
  })

  describe('a read', () => {
    const read = async (fault: (number: number) => Fault | undefined): Promise<Summary | undefined> => {
      const store = await open(fault(1))
      const upload = await store.append(await store.begin(registry), chunked(bytes, 65_536))
      await store.commit(upload)
      bench.proxy.reset(({ number }) => fault(number))
      return contentOf(store, upload.location)
    }

    test('that is cut twice is completed', async () => {
      expect(await read((number) => (number <= 2 ? { kind: 'cut answer', after: 500_000 } : undefined))).toEqual(summaryOf(bytes))
      expect(bench.proxy.calls.map(({ down }) => down).at(-1)).toBeLessThan(bytes.length)
    })

    test('that stops in the middle is completed', async () => {
      expect(await read((number) => (number === 1 ? { kind: 'stall answer', after: 500_000 } : undefined))).toEqual(summaryOf(bytes))
    })

    test('that is cut each time fails, and never ends early', async () => {
      await expect(read(() => ({ kind: 'cut answer', after: 1000 }))).rejects.toBeInstanceOf(Unavailable)
      expect(bench.proxy.calls).toHaveLength(3)
    })

    test('of bytes that were removed meanwhile fails', async () => {
      const gone = azureError(404, 'BlobNotFound')
      await expect(read((number) => (number === 1 ? { kind: 'cut answer', after: 1000 } : gone))).rejects.toBeInstanceOf(Unavailable)
    })

    test('of a blob that changed meanwhile fails', async () => {
      const changed = azureError(412, 'ConditionNotMet')
      await expect(read((number) => (number === 1 ? { kind: 'cut answer', after: 1000 } : changed))).rejects.toThrow()
    })
  })
})

/** Only bytes are protected by a checksum of their own; a list that changed on its way over a line without TLS is refused as such. */
function canHave({ kind }: Fault, call: string): boolean {
  return kind !== 'change request' || call === 'Put Block' || call === 'Append Block'
}

const fixed = `7/${'0'.repeat(32)}` as Location
