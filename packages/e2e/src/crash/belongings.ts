import type { Client } from './client.ts'
import type { Blob } from './contents.ts'

/** What one client has in its own repository, as far as the server acknowledged it: nobody else writes there. */
export interface Belongings {
  readonly repository: string
  readonly blobs: Map<string, Blob>
  /** Blobs that were deleted, and not pushed again since. */
  readonly deleted: Set<string>
  /** Manifests by digest, with the blobs that they hold. */
  readonly manifests: Map<string, readonly Blob[]>
  readonly tags: Map<string, string>
}

export const noBelongings = (repository: string): Belongings => ({
  repository,
  blobs: new Map(),
  deleted: new Set(),
  manifests: new Map(),
  tags: new Map(),
})

/** A blob that HEAD knows has exactly its bytes; `optional`: it may also be absent, altogether. */
export async function checkBlob(client: Client, repository: string, blob: Blob, optional = false): Promise<void> {
  const key = `blob ${repository} ${blob.digest}`
  const path = `/v2/${repository}/blobs/${blob.digest}`
  const head = await client.ask({ op: 'head', key }, optional ? [200, 404] : [200], path, { method: 'HEAD' })
  if (head.status === 404) return
  const { digest, body } = await client.ask({ op: 'read', key }, [200], path)
  if (digest !== blob.digest) client.history.violated(`${body.length} bytes of ${blob.size} came, with the digest ${digest}`, key)
}

export async function checkAbsent(client: Client, repository: string, digest: string): Promise<void> {
  await client.ask({ op: 'read', key: `blob ${repository} ${digest}` }, [404], `/v2/${repository}/blobs/${digest}`)
}

/** What a tag names now; undefined where there is no such tag. */
export async function readTag(client: Client, repository: string, tag: string): Promise<string | undefined> {
  const { status, digest } = await client.ask(
    { op: 'read', key: `tag ${repository}:${tag}` },
    [200, 404],
    `/v2/${repository}/manifests/${tag}`,
  )
  return status === 200 ? digest : undefined
}

export async function checkTag(client: Client, repository: string, tag: string, wanted: string): Promise<void> {
  const found = await readTag(client, repository, tag)
  if (found !== wanted)
    client.history.violated(`the tag names ${found ?? 'nothing'}, and ${wanted} was acknowledged`, `tag ${repository}:${tag}`)
}

export async function listTags(client: Client, repository: string): Promise<readonly string[]> {
  const names: string[] = []
  for (let path: string | undefined = `/v2/${repository}/tags/list?n=1000`; path !== undefined;) {
    const { status, body, headers } = await client.ask({ op: 'list', key: `tags ${repository}` }, [200, 404], path)
    if (status === 404) return []
    names.push(...((JSON.parse(body.toString()) as { readonly tags: readonly string[] | null }).tags ?? []))
    path = /<([^>]+)>/.exec(String(headers.link ?? ''))?.[1]
  }
  return names
}

/** All of a client's promises: blobs that it has, blobs that it has no more, tags, and the list of tags. */
export async function checkBelongings(client: Client, { repository, blobs, deleted, manifests, tags }: Belongings): Promise<void> {
  for (const blob of blobs.values()) await checkBlob(client, repository, blob)
  for (const digest of deleted) await checkAbsent(client, repository, digest)
  for (const [tag, digest] of tags) await checkTag(client, repository, tag, digest)
  for (const digest of manifests.keys()) {
    const key = `manifest ${repository} ${digest}`
    const found = await client.ask({ op: 'read', key }, [200], `/v2/${repository}/manifests/${digest}`)
    if (found.digest !== digest) client.history.violated(`the manifest has the digest ${found.digest}`, key)
  }
  await checkTagList(client, repository, [...tags.keys()])
}

export async function checkTagList(client: Client, repository: string, wanted: readonly string[]): Promise<void> {
  const listed = await listTags(client, repository)
  const missing = wanted.filter((tag) => !listed.includes(tag))
  const extra = listed.filter((tag) => !wanted.includes(tag))
  if (missing.length + extra.length === 0) return
  client.history.violated(`the list of tags lacks [${missing.join(' ')}] and has [${extra.join(' ')}] too many`, `tags ${repository}`)
}
