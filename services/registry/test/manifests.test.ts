import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mediaTypes } from '@roadstead/oci/media-types.ts'
import { referrersTag } from '@roadstead/oci/referrers-tag.ts'
import { artifact, blob, config, digestOf, dockerManifest, emptyConfig, image, index, manifest } from '@roadstead/testing/contents.ts'
import type { Content, Document } from '@roadstead/testing/contents.ts'
import { clientOf, pushAll, pushBlob, pushManifest } from './registry-client.ts'
import type { Answer, Send } from './registry-client.ts'
import { startRegistry } from './running-registry.ts'
import type { RunningRegistry } from './running-registry.ts'

let running: RunningRegistry
let send: Send

beforeAll(async () => {
  running = await startRegistry()
  const names = ['team/app', 'team/other', 'team/lists', 'team/refs', 'aspnetcore', 'warrantydept/customersubmissions/web']
  send = clientOf(
    running,
    await running.bearer(`${names.map((name) => `repository:${name}:pull,push,delete,metadata_read`).join(' ')} registry:catalog:*`),
  )
})

afterAll(() => running.close())

async function exactly(path: string, document: Document, digest = document.digest): Promise<void> {
  for (const method of ['GET', 'HEAD']) {
    const answer = await send(method, path)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe(document.mediaType)
    expect(answer.headers['docker-content-digest']).toBe(digest)
    expect(answer.headers['content-length']).toBe(String(document.bytes.length))
    if (method === 'GET') expect(answer.body.equals(document.bytes)).toBe(true)
  }
}

describe('what is pushed comes back byte for byte', () => {
  test.each(['aspnetcore', 'warrantydept/customersubmissions/web'])('a manifest in %s, by tag and by digest', async (name) => {
    const pushed = image(name)
    await pushAll(send, name, '1.0.1', pushed)
    await exactly(`/v2/${name}/manifests/1.0.1`, pushed.manifest)
    await exactly(`/v2/${name}/manifests/${pushed.manifest.digest}`, pushed.manifest)
  })

  test('Docker schema 2 and a manifest list', async () => {
    const blobs = [config('docker'), blob('docker layer')]
    const child = dockerManifest({ config: blobs[0]!, layers: [blobs[1]!] })
    await pushAll(send, 'team/app', 'docker', { manifest: child, blobs })
    const list = retyped(index([child]), mediaTypes.dockerManifestList)
    expect((await pushManifest(send, 'team/app', 'list', list)).status).toBe(201)
    await exactly('/v2/team/app/manifests/list', list)
  })

  test('odd spacing, unknown members and their order', async () => {
    const { manifest: base, blobs } = image('odd')
    const bytes = Buffer.from(
      `\n${JSON.stringify(JSON.parse(base.bytes.toString()), null, 7).replace('{', '{ "x-unknown" : [ 1 , { } ],')}\n\n`,
    )
    const odd = { ...base, bytes, digest: digestOf(bytes) }
    await pushAll(send, 'team/app', 'odd', { manifest: odd, blobs })
    await exactly('/v2/team/app/manifests/odd', odd)
  })

  test('4 MiB of it, and not a byte more', async () => {
    const { blobs } = image('large')
    for (const content of blobs) await pushBlob(send, 'team/app', content)
    const sized = (size: number): Document => {
      const bare = manifest({ config: blobs[0]!, annotations: { padding: '' } })
      return manifest({ config: blobs[0]!, annotations: { padding: 'x'.repeat(size - bare.bytes.length) } })
    }
    const largest = sized(4 * 1024 * 1024)
    expect((await pushManifest(send, 'team/app', 'large', largest)).status).toBe(201)
    await exactly('/v2/team/app/manifests/large', largest)
    const refused = await pushManifest(send, 'team/app', 'larger', sized(4 * 1024 * 1024 + 1))
    expect([refused.status, refused.code]).toEqual([413, 'MANIFEST_INVALID'])
  })

  test('a sha512 digest', async () => {
    const { manifest: document, blobs } = image('sha512')
    for (const content of blobs) await pushBlob(send, 'team/app', content)
    const digest = digestOf(document.bytes, 'sha512')
    expect((await pushManifest(send, 'team/app', digest, document)).headers['docker-content-digest']).toBe(digest)
    await exactly(`/v2/team/app/manifests/${digest}`, document, digest)
  })

  test('layers that may come from elsewhere need not be there', async () => {
    const base = config('windows')
    const foreign = { ...blob('not pushed'), bytes: Buffer.alloc(0) }
    const type = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
    const layer = { ...foreign, descriptor: { ...foreign.descriptor, mediaType: type, urls: ['https://mcr.microsoft.com/v2/x'] } }
    const windows = manifest({ config: base, layers: [layer] })
    await pushBlob(send, 'team/app', base)
    expect((await pushManifest(send, 'team/app', 'windows', windows)).status).toBe(201)
    await exactly('/v2/team/app/manifests/windows', windows)
  })
})

describe('tags', () => {
  test('a push by digest sets the tags it names, all or none', async () => {
    const { manifest: document, blobs } = image('tags')
    for (const content of blobs) await pushBlob(send, 'team/other', content)
    const tags = Array.from({ length: 12 }, (_, at) => `v${at}`)
    const query = tags.map((tag) => `tag=${tag}`).join('&')
    const pushed = await send('PUT', `/v2/team/other/manifests/${document.digest}?${query}`, {
      body: document.bytes,
      headers: { 'Content-Type': document.mediaType },
    })
    expect([pushed.status, pushed.headers['oci-tag']]).toEqual([201, tags.join(', ')])
    for (const tag of tags) await exactly(`/v2/team/other/manifests/${tag}`, document)
    const refused = await send('PUT', `/v2/team/other/manifests/${document.digest}?tag=good&tag=-bad`, { body: document.bytes })
    expect(refused.status).toBe(400)
    expect((await send('HEAD', '/v2/team/other/manifests/good')).status).toBe(404)
  })

  test('a tag that moves is at every moment one complete manifest', async () => {
    const versions = [image('one'), image('two')]
    for (const version of versions) await pushAll(send, 'team/app', 'moving', version)
    const bytes = new Set(versions.map((version) => version.manifest.bytes.toString()))
    const moves = async (): Promise<void> => {
      for (let count = 0; count < 40; count++) await pushManifest(send, 'team/app', 'moving', versions[count % 2]!.manifest)
    }
    let done = false
    const reads = async (): Promise<number> => {
      let count = 0
      for (; !done; count++) {
        const answer = await send('GET', '/v2/team/app/manifests/moving')
        expect(answer.status).toBe(200)
        expect(bytes.has(answer.body.toString())).toBe(true)
      }
      return count
    }
    const readers = [reads(), reads(), reads()]
    await Promise.all([moves(), moves()])
    done = true
    expect(Math.min(...(await Promise.all(readers)))).toBeGreaterThan(0)
  })

  test('lists go page by page in the order of bytes', async () => {
    const pushed = image('lists')
    const tags = ['B', 'a', 'a-b', 'a.b', 'a_b', 'aa', 'b', '_x', '1', '10', '2']
    for (const tag of tags) await pushAll(send, 'team/lists', tag, pushed)
    const seen: string[] = []
    let next: string | undefined = '/v2/team/lists/tags/list?n=3'
    while (next !== undefined) {
      const answer: Answer = await send('GET', next)
      const page = (answer.json() as { tags: string[] }).tags
      expect(page.length).toBeLessThanOrEqual(3)
      seen.push(...page)
      next = answer.headers['link']?.match(/^<(\/v2\/[^>]+)>; rel="next"$/)?.[1]
    }
    expect(seen).toEqual([...tags].sort())
    expect((await send('GET', '/v2/team/lists/tags/list?n=0')).json()).toEqual({ name: 'team/lists', tags: [] })
    expect((await send('GET', '/v2/team/lists/tags/list?n=11')).headers['link']).toBeUndefined()
    const names = ((await send('GET', '/v2/_catalog?n=2')).json() as { repositories: string[] }).repositories
    expect(names).toHaveLength(2)
    expect(((await send('GET', `/v2/_catalog?last=${names[1]!}`)).json() as { repositories: string[] }).repositories).not.toContain(
      names[1],
    )
  })
})

describe('referrers', () => {
  let subject: { manifest: Document; blobs: readonly Content[] }

  beforeAll(async () => {
    subject = image('subject')
    await pushBlob(send, 'team/refs', emptyConfig)
  })

  const list = async (query = ''): Promise<Answer> => send('GET', `/v2/team/refs/referrers/${subject.manifest.digest}${query}`)
  const digestsIn = (answer: Answer): string[] =>
    (answer.json() as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest)

  test('are listed before the subject is there, with type and annotations, and filtered', async () => {
    expect(digestsIn(await list())).toEqual([])
    const signature = artifact({
      artifactType: 'application/vnd.example.signature',
      subject: subject.manifest.descriptor,
      annotations: { by: 'us' },
    })
    const sbom = artifact({ artifactType: 'application/vnd.example.sbom', subject: subject.manifest.descriptor })
    for (const document of [signature, sbom]) {
      const pushed = await pushManifest(send, 'team/refs', document.digest, document)
      expect([pushed.status, pushed.headers['oci-subject']]).toEqual([201, subject.manifest.digest])
    }
    await pushAll(send, 'team/refs', 'subject', subject)
    const all = await list()
    expect(all.headers['content-type']).toBe(mediaTypes.ociIndex)
    expect(all.json()).toMatchObject({ schemaVersion: 2, mediaType: mediaTypes.ociIndex })
    expect(digestsIn(all)).toEqual([signature.digest, sbom.digest].sort())
    const filtered = await list('?artifactType=application/vnd.example.signature')
    expect(filtered.headers['oci-filters-applied']).toBe('artifactType')
    expect((filtered.json() as { manifests: unknown[] }).manifests).toEqual([
      {
        mediaType: mediaTypes.ociManifest,
        digest: signature.digest,
        size: signature.bytes.length,
        artifactType: 'application/vnd.example.signature',
        annotations: { by: 'us' },
      },
    ])
    expect((await send('DELETE', `/v2/team/refs/manifests/${signature.digest}`)).status).toBe(202)
    expect(digestsIn(await list())).toEqual([sbom.digest])
  })

  test('come in pages, each of them once', async () => {
    const pushed: string[] = []
    for (let count = 0; count < 205; count++) {
      const document = artifact({
        artifactType: 'application/vnd.example.many',
        subject: subject.manifest.descriptor,
        annotations: { count: String(count) },
      })
      expect((await pushManifest(send, 'team/refs', document.digest, document)).status).toBe(201)
      pushed.push(document.digest)
    }
    const first = await list('?artifactType=application/vnd.example.many')
    const link = first.headers['link']!.match(/^<([^>]+)>; rel="next"$/)![1]!
    const second = await send('GET', link)
    expect(second.headers['link']).toBeUndefined()
    expect([...digestsIn(first), ...digestsIn(second)]).toEqual(pushed.sort())
  })

  test('a list that a client kept under the referrers tag is taken over', async () => {
    const { manifest: other, blobs } = image('kept elsewhere')
    const kept = artifact({ artifactType: 'application/vnd.example.kept' })
    await pushManifest(send, 'team/refs', kept.digest, kept)
    await pushAll(send, 'team/refs', 'other', { manifest: other, blobs })
    const entry = { ...kept, descriptor: { ...kept.descriptor, artifactType: 'application/vnd.example.kept' } }
    expect((await pushManifest(send, 'team/refs', referrersTag(other.digest), index([entry]))).status).toBe(201)
    expect(digestsIn(await send('GET', `/v2/team/refs/referrers/${other.digest}`))).toEqual([kept.digest])
  })
})

describe('removal', () => {
  test('of a tag leaves the manifest; of the manifest takes its tags', async () => {
    const pushed = image('removal')
    await pushAll(send, 'team/other', 'r1', pushed)
    await pushAll(send, 'team/other', 'r2', pushed)
    expect((await send('DELETE', '/v2/team/other/manifests/r1')).status).toBe(202)
    expect((await send('GET', '/v2/team/other/manifests/r1')).code).toBe('MANIFEST_UNKNOWN')
    await exactly(`/v2/team/other/manifests/${pushed.manifest.digest}`, pushed.manifest)
    expect((await send('DELETE', `/v2/team/other/manifests/${pushed.manifest.digest}`)).status).toBe(202)
    for (const reference of ['r2', pushed.manifest.digest]) {
      expect((await send('DELETE', `/v2/team/other/manifests/${reference}`)).code).toBe('MANIFEST_UNKNOWN')
    }
  })

  test('what is named stays until what names it is gone; then the bytes go too', async () => {
    const child = image('child')
    await pushAll(send, 'team/other', 'child', child)
    const parent = index([child.manifest])
    await pushManifest(send, 'team/other', 'parent', parent)
    const path = (kind: string, digest: string): string => `/v2/team/other/${kind}/${digest}`
    const held = [path('manifests', child.manifest.digest), path('blobs', child.blobs[0]!.digest)]
    for (const target of held) {
      const refused = await send('DELETE', target)
      expect([refused.status, refused.code]).toEqual([405, 'UNSUPPORTED'])
    }
    await exactly('/v2/team/other/manifests/child', child.manifest)
    for (const target of [path('manifests', parent.digest), ...held]) expect((await send('DELETE', target)).status).toBe(202)
    for (const target of held) expect((await send('GET', target)).status).toBe(404)
  })
})

function retyped(document: Document, mediaType: string): Document {
  const bytes = Buffer.from(document.bytes.toString().replace(document.mediaType, mediaType))
  return { ...document, bytes, mediaType, digest: digestOf(bytes) }
}
