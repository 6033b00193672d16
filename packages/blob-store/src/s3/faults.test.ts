import { describe, expect, test } from '@jest/globals'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import type { Location, StagedUpload } from '@roadstead/distribution/blob-store.ts'
import type { S3Store } from '../s3.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import type { Summary } from '../testing/bytes.ts'
import type { Fault, FaultProxySettings } from '../testing/fault-proxy.ts'
import { s3Error } from '../testing/s3-calls.ts'
import { describeOnMinio, hasty } from '../testing/s3-on-minio.ts'

const registry = 7 as RegistryId
const mebibyte = 1024 * 1024

const faults: Readonly<Record<string, Fault>> = {
  '503 SlowDown': s3Error(503, 'SlowDown'),
  '500 InternalError': s3Error(500, 'InternalError'),
  '429 without a body': { kind: 'answer', status: 429 },
  'a reset before anything came': { kind: 'cut request', after: 0 },
  'a reset in the middle of the request': { kind: 'cut request', after: 1_000 },
  'a reset after the server was done': { kind: 'lose answer' },
  'an answer that is cut': { kind: 'cut answer', after: 10 },
  'a success whose body is an error': s3Error(200, 'InternalError', 'answer instead'),
  'no answer': { kind: 'stall' },
}

describeOnMinio('faults of S3', ({ minio, open, proxy }) => {
  /** A push in three appends that leaves a tail twice, each step repeated once if it is told to come again, as a client would. */
  const push = async (store: S3Store, bytes: Buffer): Promise<{ readonly location: Location; readonly refused: number }> => {
    let refused = 0
    const patiently = async <Value>(step: () => Promise<Value>): Promise<Value> => {
      for (;;) {
        try {
          return await step()
        } catch (error) {
          expect(error).toBeInstanceOf(Unavailable)
          refused += 1
          expect(refused).toBeLessThan(10)
        }
      }
    }
    let upload = await store.begin(registry)
    for (const cut of [100_000, 6 * mebibyte, bytes.length]) {
      const before = upload
      upload = await patiently(() => store.append(before, chunked(bytes.subarray(before.offset, cut), 65_536)))
    }
    await patiently(() => store.commit(upload))
    await patiently(() => store.commit(upload))
    return { location: upload.location, refused }
  }

  const bytes = pattern(6 * mebibyte + 100_000)

  test.each(Object.entries(faults))('%s at each call of a push in turn changes nothing', async (_name, fault) => {
    let broken = 0
    for (let at = 1; at < 100; at++) {
      let wasBroken = false
      proxy().reset(({ number, name: call }) => {
        if (number !== at) return undefined
        wasBroken = true
        // An answer to HEAD has no body that could say otherwise.
        return call === 'HeadObject' && fault.kind === 'answer instead' ? undefined : fault
      })
      const { location, refused } = await push(open(hasty), bytes)
      proxy().reset()
      expect(await contentOf(open(), location)).toEqual(summaryOf(bytes))
      // One failure is nothing that a client hears of.
      expect(refused).toBe(0)
      if (!wasBroken) break
      broken = at
    }
    expect(broken).toBeGreaterThan(8)
    expect(broken).toBeLessThan(99)
  })

  test.each(Object.entries(faults).filter(([, { kind }]) => kind !== 'stall'))(
    '%s from each call of a push on for as long as a call is tried is heard as Unavailable, and asking again helps',
    async (_name, fault) => {
      let broken = 0
      let heard = 0
      for (let at = 1; at < 100; at += 2) {
        let left = hasty.attempts
        let wasBroken = false
        proxy().reset((call) => {
          if (call.number < at || left === 0) return undefined
          left -= 1
          wasBroken = true
          return fault
        })
        const { location, refused } = await push(open(hasty), bytes)
        heard += refused
        proxy().reset()
        expect(await contentOf(open(), location)).toEqual(summaryOf(bytes))
        if (!wasBroken) break
        broken = at
      }
      expect(broken).toBeGreaterThan(8)
      expect(heard).toBeGreaterThan(0)
    },
  )

  test.each([
    ['small', 1_000],
    ['large', 20 * mebibyte],
  ])(
    'a lost answer to the last call of a %s push, and an instance that dies then: another one finds that it happened',
    async (_name, size) => {
      const content = pattern(size)
      const store = open({ ...hasty, attempts: 1 })
      const upload = await store.append(await store.begin(registry), chunked(content, 65_536))
      proxy().reset(() => ({ kind: 'lose answer' }))
      await store.commit(upload).catch(() => {})
      proxy().reset()
      await open().commit(JSON.parse(JSON.stringify(upload)) as StagedUpload)
      expect(await contentOf(open(), upload.location)).toEqual(summaryOf(content))
    },
  )

  describe('a store that stays away', () => {
    // A success that loses its answer, or whose body says otherwise, cannot be told from one for reads and removals.
    const clear = Object.entries(faults).filter(([, { kind }]) => !['lose answer', 'answer instead', 'cut answer'].includes(kind))

    test.each(clear)('%s for ever: every method throws Unavailable', async (_name, fault) => {
      const fine = open()
      const upload = await fine.append(await fine.begin(registry), chunked(pattern(6 * mebibyte), 65_536))
      const small = await fine.append(await fine.begin(registry), chunked(pattern(10), 10))
      proxy().reset(() => fault)
      const store = open({ ...hasty, attempts: 2 })
      await expect(store.append(upload, chunked(pattern(9), 9))).rejects.toThrow(Unavailable)
      await expect(store.append(await store.begin(registry), chunked(pattern(9 * mebibyte), 65_536))).rejects.toThrow(Unavailable)
      await expect(store.commit(upload)).rejects.toThrow(Unavailable)
      await expect(store.commit(small)).rejects.toThrow(Unavailable)
      await expect(store.abort(upload)).rejects.toThrow(Unavailable)
      await expect(store.read(small.location)).rejects.toThrow(Unavailable)
      await expect(store.delete([small.location])).rejects.toThrow(Unavailable)
      await expect(store.list(registry)[Symbol.asyncIterator]().next()).rejects.toThrow(Unavailable)
    })

    test.each([
      ['a bucket that is not there', s3Error(404, 'NoSuchBucket')],
      ['a permission that is missing', s3Error(403, 'AccessDenied')],
      ['keys that are wrong', s3Error(403, 'SignatureDoesNotMatch')],
      ['an expired token', s3Error(400, 'ExpiredToken')],
      ['a clock that is off', s3Error(403, 'RequestTimeTooSkewed')],
      ['a page of a proxy', { kind: 'answer', status: 404, body: '<html><body>nginx</body></html>' } as const],
      ['an answer that is none', { kind: 'answer', status: 200, body: 'what?' } as const],
    ])('%s is never absence, and never success', async (_name, fault) => {
      proxy().reset(() => fault)
      const store = open({ ...hasty, attempts: 2 })
      const { location } = await store.begin(registry)
      const isAnswered = 'status' in fault && fault.status === 200
      if (!isAnswered) await expect(store.read(location)).rejects.toThrow(Unavailable)
      await expect(store.append({ location, offset: 0 }, chunked(pattern(9 * mebibyte), 65_536))).rejects.toThrow(Unavailable)
      await expect(store.list(registry)[Symbol.asyncIterator]().next()).rejects.toThrow(Unavailable)
    })

    test.each(['XMinioStorageFull', 'QuotaExceeded', 'XMinioAdminBucketQuotaExceeded'])('%s is StorageFull, at once', async (code) => {
      proxy().reset(() => s3Error(507, code))
      const store = open()
      await expect(store.append(await store.begin(registry), chunked(pattern(10), 10))).rejects.toThrow(StorageFull)
      expect(proxy().calls).toHaveLength(1)
    })

    test('one key of a batch that cannot be removed', async () => {
      const body = '<DeleteResult><Error><Key>x</Key><Code>InternalError</Code><Message>no</Message></Error></DeleteResult>'
      proxy().reset(({ number }) => (number === 1 ? { kind: 'answer', status: 200, body } : undefined))
      const { location } = await open().begin(registry)
      await open(hasty).delete([location])
      expect(proxy().calls).toHaveLength(2)
    })
  })

  describe('reads', () => {
    const content = pattern(9 * mebibyte)
    const stored = async (): Promise<Location> => {
      const store = open()
      const upload = await store.append(await store.begin(registry), chunked(content, 65_536))
      await store.commit(upload)
      return upload.location
    }
    const brokenAt = (fault: Fault, times: number): FaultProxySettings['fault'] => {
      let left = times
      return () => (left-- > 0 ? fault : undefined)
    }

    test.each([
      ['cut', { kind: 'cut answer', after: 1_000_000 } as const],
      ['cut at once', { kind: 'cut answer', after: 0 } as const],
      ['silent in the middle', { kind: 'stall answer', after: 2_000_000 } as const],
    ])('a body that is %s is gone on with by range, three times', async (_name, fault) => {
      const at = await stored()
      proxy().reset(brokenAt(fault, 3))
      expect(await contentOf(open(hasty), at)).toEqual(summaryOf(content))
      const range = { first: 1_234_567, last: 8_000_000 }
      proxy().reset(brokenAt(fault, 3))
      expect(await contentOf(open(hasty), at, range)).toEqual(summaryOf(content.subarray(range.first, range.last + 1)))
    })

    test.each([
      ['cut', { kind: 'cut answer', after: 1_000_000 } as const],
      ['silent', { kind: 'stall answer', after: 1_000_000 } as const],
      ['answered with an error from there on', undefined],
    ])('a body that is %s for ever fails, and never ends as if it were complete', async (_name, fault) => {
      const at = await stored()
      proxy().reset(({ number }) => fault ?? (number === 1 ? { kind: 'cut answer', after: 1_000_000 } : s3Error(500, 'InternalError')))
      const result = await contentOf(open(hasty), at).catch((error: unknown): unknown => error)
      expect(result).toBeInstanceOf(Unavailable)
    })

    // The store writes a location once; somebody with a tool for buckets may do otherwise.
    test.each([
      [
        'replaced',
        async (store: S3Store, location: Location) =>
          store.commit(await store.append({ location, offset: 0 }, chunked(pattern(content.length, 1), 65_536))),
      ],
      ['removed', async (store: S3Store, location: Location) => store.delete([location])],
    ])('an object that is %s while it is read fails the read, and its bytes are not mixed with others', async (_name, change) => {
      const at = await stored()
      proxy().reset(brokenAt({ kind: 'stall answer', after: 1_000_000 }, 1))
      const stream = (await open(hasty).read(at))!
      await change(open({}, { endpoint: minio().endpoint }), at)
      await expect(stream.toArray()).rejects.toThrow(Unavailable)
    })

    test('an object that is shorter than the range that is asked for is damage', async () => {
      const at = await stored()
      await expect(open(hasty).read(at, { first: 0, last: 10 * mebibyte })).rejects.toThrow(Unavailable)
      await expect(open(hasty).read(at, { first: 10 * mebibyte, last: 11 * mebibyte })).rejects.toThrow(Unavailable)
    })

    test('a slow reader is not taken for a silent store', async () => {
      const at = await stored()
      proxy().reset()
      const stream = (await open(hasty).read(at))!
      let length = 0
      for await (const chunk of stream) {
        if (length < 300_000) await new Promise((wake) => setTimeout(wake, hasty.timeouts.idle * 1.5))
        length += (chunk as Buffer).length
      }
      expect(length).toBe(content.length)
      expect(proxy().calls).toHaveLength(1)
    })

    test('a small blob comes whole or not at all', async () => {
      const store = open()
      const upload = await store.append(await store.begin(registry), chunked(pattern(10_000), 65_536))
      proxy().reset(brokenAt({ kind: 'cut answer', after: 5_000 }, 2))
      const summary: Summary | undefined = await contentOf(open(hasty), upload.location)
      expect(summary).toEqual(summaryOf(pattern(10_000)))
      proxy().reset(() => ({ kind: 'cut answer', after: 1_000 }))
      await expect(open(hasty).read(upload.location)).rejects.toThrow(Unavailable)
    })
  })

  test('credentials that were rotated are asked for again, without a restart', async () => {
    const keys = ['withdrawn', 'roadstead']
    const store = open({
      ...hasty,
      credentials: async () => ({ accessKeyId: keys.length > 1 ? keys.shift()! : keys[0]!, secretAccessKey: 'roadstead-test-secret' }),
    })
    const upload = await store.append(await store.begin(registry), chunked(pattern(10), 10))
    expect(await contentOf(store, upload.location)).toEqual(summaryOf(pattern(10)))
  })
})
