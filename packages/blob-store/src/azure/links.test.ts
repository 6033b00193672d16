import { describe, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import { createAzureStore } from '../azure.ts'
import { describeOnAzurite } from '../testing/azure.ts'
import { chunked, pattern } from '../testing/bytes.ts'
import { registry } from '../testing/trial.ts'
import { createLinks } from './links.ts'
import type { AzureCalls, SigningKey } from './client.ts'
import { usualTries } from './tries.ts'

const bytes = pattern(100_000)

describeOnAzurite('links to Azure', (bench) => {
  const pushed = async (now?: () => Date) => {
    const settings = await bench.settings(now === undefined ? {} : { now })
    const store = createAzureStore(settings)
    const upload = await store.append(await store.begin(registry), chunked(bytes, 65_536))
    await store.commit(upload)
    return { settings, store, location: upload.location }
  }
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000)

  test('give the bytes, whole and in part, without any credentials', async () => {
    const { store, location } = await pushed()
    const link = await store.link(location, inSeconds(60))
    const whole = await fetch(link!)
    expect(whole.status).toBe(200)
    expect(whole.headers.get('content-type')).toBe('application/octet-stream')
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
    const part = await fetch(link!, { headers: { range: 'bytes=10-19' } })
    expect(part.status).toBe(206)
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true)
  })

  test('end at their time', async () => {
    const { store, location } = await pushed()
    const asked = inSeconds(60)
    const link = await store.link(location, asked)
    expect(new Date(link!.searchParams.get('se')!).getTime()).toBeLessThanOrEqual(asked.getTime())
    const expired = await store.link(location, inSeconds(-60))
    const answer = await fetch(expired!)
    expect(answer.status).toBe(403)
    await answer.body?.cancel()
  })

  test('read, and do nothing else', async () => {
    const { store, location } = await pushed()
    const link = await store.link(location, inSeconds(60))
    for (const method of ['PUT', 'DELETE']) {
      const answer = await fetch(link!, { method, headers: { 'x-ms-blob-type': 'BlockBlob' } })
      expect(answer.status).toBe(403)
      await answer.body?.cancel()
    }
    const list = new URL(link!)
    list.pathname = list.pathname.split('/').slice(0, 3).join('/')
    list.searchParams.set('restype', 'container')
    list.searchParams.set('comp', 'list')
    const listed = await fetch(list)
    expect(listed.status).toBeGreaterThanOrEqual(400)
    await listed.body?.cancel()
  })

  test('are for one blob', async () => {
    const { settings, store, location } = await pushed()
    const other = await store.begin(registry)
    await store.commit(other)
    const link = await store.link(location, inSeconds(60))
    const moved = new URL(String(link).replace(location, other.location))
    const answer = await fetch(moved)
    expect(answer.status).toBe(403)
    await answer.body?.cancel()
    expect(String(link)).not.toContain((settings.credential as { key: string }).key)
  })

  test('are handed out again for half of their life', async () => {
    let time = Date.now()
    const { store, location } = await pushed(() => new Date(time))
    const asked = () => new Date(time + 300_000)
    const link = String(await store.link(location, asked()))
    time += 149_000
    expect(String(await store.link(location, asked()))).toBe(link)
    time += 3_000
    expect(String(await store.link(location, asked()))).not.toBe(link)
  })

  test('are not handed out to who asks for less', async () => {
    const { store, location } = await pushed()
    await store.link(location, inSeconds(300))
    const soon = inSeconds(30)
    const link = await store.link(location, soon)
    expect(new Date(link!.searchParams.get('se')!).getTime()).toBeLessThanOrEqual(soon.getTime())
  })
})

describe('links by identity', () => {
  const location = `7/${'a'.repeat(32)}` as Location
  const hour = 3_600_000

  /** The service that hands out keys, and what was asked of it. */
  function keys() {
    const asked: Date[] = []
    let failures = 0
    const calls = {
      async signingKey(_from: Date, until: Date): Promise<SigningKey> {
        asked.push(until)
        if (failures-- > 0) throw Object.assign(new Error('no'), { name: 'RestError', statusCode: 403 })
        return { expires: until, key: {} as SigningKey['key'] }
      },
      link: (name: string, expires: Date, by?: SigningKey) => new URL(`http://any/${name}?${expires.getTime()}&${by?.expires.getTime()}`),
    } as unknown as AzureCalls
    return { calls, asked, failNext: () => (failures = 1) }
  }

  const linking = (calls: AzureCalls, now: () => Date) => createLinks({ calls, tries: usualTries, prefix: '', now, byIdentity: true })

  test('share one key, which outlives them', async () => {
    const { calls, asked } = keys()
    let time = 0
    const link = linking(calls, () => new Date(time))
    await Promise.all(Array.from({ length: 50 }, (_, index) => link(`7/${String(index).padStart(32, '0')}` as Location, new Date(300_000))))
    expect(asked).toHaveLength(1)
    time = 5 * hour
    await link(location, new Date(time + 300_000))
    expect(asked).toHaveLength(1)
    time = 6 * hour - 200_000
    await link(location, new Date(time + 300_000))
    expect(asked).toHaveLength(2)
    expect(asked[1]!.getTime()).toBeGreaterThan(time + 300_000)
  })

  test('are there again as soon as a key is', async () => {
    const { calls, failNext } = keys()
    const link = linking(calls, () => new Date(0))
    failNext()
    await expect(link(location, new Date(300_000))).rejects.toMatchObject({ name: 'Unavailable' })
    expect(await link(location, new Date(300_000))).toBeInstanceOf(URL)
  })
})
