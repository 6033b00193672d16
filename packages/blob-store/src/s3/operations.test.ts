import { describe, expect, test } from '@jest/globals'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import { encryptionKey } from '../testing/minio.ts'
import { describeOnMinio } from '../testing/s3-on-minio.ts'

const registry = 7 as RegistryId
const mebibyte = 1024 * 1024

describeOnMinio('calls of S3', ({ open, proxy }) => {
  /** Calls since the last time, by name, and bytes of bodies. */
  const take = () => {
    const calls: Record<string, number> = {}
    let up = 0
    let down = 0
    for (const call of proxy().calls) {
      calls[call.name] = (calls[call.name] ?? 0) + 1
      up += call.up
      down += call.down
    }
    proxy().reset()
    return { calls, up, down }
  }

  test('a blob that is shorter than a part costs one call to store and one to read, and none to begin and commit', async () => {
    const store = open()
    const upload = await store.append(await store.begin(registry), chunked(pattern(1_000), 100))
    await store.commit(upload)
    expect(take()).toEqual({ calls: { PutObject: 1 }, up: 1_000, down: 0 })
    await contentOf(store, upload.location)
    expect(take()).toEqual({ calls: { GetObject: 1 }, up: 0, down: 1_000 })
    await store.delete([upload.location])
    expect(take().calls).toEqual({ DeleteObjects: 1 })
  })

  test('another process asks once whether the bytes of a small blob are there', async () => {
    const upload = await open().append(await open().begin(registry), chunked(pattern(1_000), 100))
    take()
    await open().commit(upload)
    expect(take()).toEqual({ calls: { HeadObject: 1 }, up: 0, down: 0 })
  })

  test.each([
    ['10 MB', 10_000_000, 1],
    ['100 MB', 100_000_000, 12],
  ])('%s are one upload with parts, each byte sent once', async (_name, size, parts) => {
    const store = open()
    const upload = await store.append(await store.begin(registry), chunked(pattern(size), 65_536))
    const stored = take()
    expect(stored.calls).toEqual({ CreateMultipartUpload: 1, UploadPart: parts })
    expect(stored.up).toBe(size)
    await open().commit(JSON.parse(JSON.stringify(upload)) as StagedUpload)
    const committed = take()
    expect(committed.calls).toEqual({ CompleteMultipartUpload: 1 })
    // The list of parts, and nothing of the blob.
    expect(committed.up + committed.down).toBeLessThan(10_000)
    expect(await contentOf(store, upload.location)).toEqual(summaryOf(pattern(size)))
    expect(take()).toMatchObject({ calls: { GetObject: 1 }, down: size })
  })

  test('a tail is read back once by the next chunk, and the one before it removed', async () => {
    const store = open()
    let upload = await store.append(await store.begin(registry), chunked(pattern(6 * mebibyte), 65_536))
    take()
    const steps = []
    for (let chunk = 0; chunk < 6; chunk++) {
      upload = await store.append(upload, chunked(pattern(mebibyte), 65_536))
      steps.push(take())
    }
    expect(steps.map(({ calls }) => calls)).toEqual([
      { PutObject: 1 },
      { GetObject: 1, PutObject: 1 },
      { GetObject: 1, PutObject: 1, DeleteObjects: 1 },
      { GetObject: 1, PutObject: 1, DeleteObjects: 1 },
      { GetObject: 1, UploadPart: 1, DeleteObjects: 1 },
      { PutObject: 1, DeleteObjects: 1 },
    ])
    await store.commit(upload)
    expect(take().calls).toEqual({ GetObject: 1, UploadPart: 1, CompleteMultipartUpload: 1, DeleteObjects: 1 })
  })

  test('an empty blob is one call', async () => {
    const store = open()
    await store.commit(await store.begin(registry))
    expect(take().calls).toEqual({ PutObject: 1 })
  })

  test('a read of a range asks for that range', async () => {
    const store = open()
    const upload = await store.append(await store.begin(registry), chunked(pattern(9 * mebibyte), 65_536))
    await store.commit(upload)
    take()
    await contentOf(store, upload.location, { first: 100, last: 1_099 })
    expect(take()).toEqual({ calls: { GetObject: 1 }, up: 0, down: 1_000 })
  })

  test.each([
    [{ algorithm: 'AES256' }, 'AES256'],
    [{ algorithm: 'aws:kms', key: encryptionKey }, 'aws:kms'],
  ] as const)('what is stored with %j is encrypted so', async (encryption, shown) => {
    const store = open({}, { encryption })
    for (const size of [10, 9 * mebibyte]) {
      const upload = await store.append(await store.begin(registry), chunked(pattern(size), 65_536))
      await store.commit(upload)
      const answer = await fetch((await store.link(upload.location, new Date(Date.now() + 60_000)))!)
      expect(answer.headers.get('x-amz-server-side-encryption')).toBe(shown)
      expect(summaryOf(Buffer.from(await answer.arrayBuffer()))).toEqual(summaryOf(pattern(size)))
    }
  })

  test('2,500 locations are removed in three calls', async () => {
    const store = open()
    const begun = await Promise.all(Array.from({ length: 2_500 }, () => store.begin(registry)))
    await store.delete(begun.map(({ location }) => location))
    expect(take().calls).toEqual({ DeleteObjects: 3 })
  })

  describe('a link', () => {
    test('costs no call, is given out again while half of its life is left, and opens the bytes until it expires', async () => {
      let now = Date.now()
      const store = open({ now: () => new Date(now) })
      const upload = await store.append(await store.begin(registry), chunked(pattern(9 * mebibyte), 65_536))
      await store.commit(upload)
      take()
      const first = await store.link(upload.location, new Date(now + 4_000))
      now += 1_500
      expect(await store.link(upload.location, new Date(now + 4_000))).toEqual(first)
      now += 1_000
      expect(await store.link(upload.location, new Date(now + 4_000))).not.toEqual(first)
      expect(await store.link(upload.location, new Date(now + 500))).toBeUndefined()
      expect(take().calls).toEqual({})

      const answer = await fetch(first!, { headers: { range: 'bytes=0-999' } })
      expect(answer.status).toBe(206)
      expect(answer.headers.get('content-type')).toBe('application/octet-stream')
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(pattern(1_000))
      const late = await store.link(upload.location, new Date(now + 1_000))
      for (let tries = 0; tries < 100 && (await fetch(late!)).ok; tries++) await new Promise((wake) => setTimeout(wake, 100))
      expect((await fetch(late!)).status).toBe(403)
    })

    test('is not given out for longer than it was asked for', async () => {
      const store = open()
      const upload = await store.append(await store.begin(registry), chunked(pattern(10), 10))
      const long = await store.link(upload.location, new Date(Date.now() + 300_000))
      const short = await store.link(upload.location, new Date(Date.now() + 60_000))
      expect(Number(long!.searchParams.get('X-Amz-Expires'))).toBeGreaterThan(290)
      expect(Number(short!.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(60)
    })

    test('has the bucket in the host or in the path', async () => {
      const link = async (pathStyle: boolean) => {
        const store = open({}, { pathStyle, endpoint: 'https://s3.example.com' })
        const url = await store.link((await store.begin(registry)).location, new Date(Date.now() + 60_000))
        return `${url!.host}${url!.pathname}`
      }
      expect(await link(true)).toMatch(/^s3\.example\.com\/blobs\/test\/[0-9]+\/7\/[0-9a-f]{32}$/)
      expect(await link(false)).toMatch(/^blobs\.s3\.example\.com\/test\/[0-9]+\/7\/[0-9a-f]{32}$/)
    })

    test('names the origin under which clients reach the store', async () => {
      const store = open({}, { publicEndpoint: 'https://blobs.example.com' })
      const { location } = await store.begin(registry)
      expect((await store.link(location, new Date(Date.now() + 60_000)))!.origin).toBe('https://blobs.example.com')
    })
  })
})
