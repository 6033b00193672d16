import { randomInt } from 'node:crypto'
import { OCI_MANIFEST } from '../raw/repository.ts'
import { checkAbsent, checkBlob, checkTag, checkTagList, readTag } from './belongings.ts'
import type { Belongings } from './belongings.ts'
import type { Client } from './client.ts'
import { freshBytes, freshManifest } from './contents.ts'
import type { Blob } from './contents.ts'
import { createUpload, uploadForms } from './upload.ts'

/** The repository that all clients share. */
export const shared = 'crash/shared'

/** Something that a client wants, in several requests. `run` may be called again until it resolves. */
export interface Work {
  /** The blob that it is about to push into the client's own repository. */
  readonly blob?: Blob
  run(): Promise<void>
}

export interface WorkOptions {
  /** Bytes of the largest blob. */
  readonly largest: number
  readonly popular: readonly Buffer[]
  readonly memory: () => number
}

/** Tags that several clients fight for are new in each round: a history with many lost answers cannot be judged. */
export const hotTag = (round: number, which: number): string => `hot-${round}-${which}`

export function nextWork(client: Client, own: Belongings, options: WorkOptions, round: number): Work {
  const dice = randomInt(100)
  const blobs = [...own.blobs.values()]
  if (dice < 25 || blobs.length < 3) return pushBlob(client, own, options, freshBytes(options.largest))
  if (dice < 40) return pushBlob(client, own, options, pick(options.popular))
  if (dice < 58) return pushTag(client, own, pick(blobs), [pick(blobs)])
  if (dice < 76) return pushHotTag(client, own, pick(blobs), hotTag(round, randomInt(2)))
  if (dice < 82) return { run: async () => void (await readTag(client, shared, hotTag(round, randomInt(2)))) }
  if (dice < 88) return { run: () => checkBlob(client, own.repository, pick(blobs)) }
  if (dice < 90) return { run: () => checkTagList(client, own.repository, [...own.tags.keys()]) }
  if (dice < 92) return deleteHotTag(client, hotTag(round, randomInt(2)))
  if (dice < 94) return cancelUpload(client, own, options)
  if (dice < 96) return deleteTag(client, own)
  return dice < 98 ? deleteManifest(client, own) : deleteBlob(client, own)
}

function pushBlob(client: Client, own: Belongings, { memory }: WorkOptions, bytes: Buffer): Work {
  const upload = createUpload(client, { repository: own.repository, bytes, form: pick(uploadForms), memory })
  const blob = { digest: upload.digest, size: bytes.length }
  return {
    blob,
    async run() {
      await upload.run()
      own.deleted.delete(blob.digest)
      // Moved to the end: it is what was acknowledged last.
      own.blobs.delete(blob.digest)
      own.blobs.set(blob.digest, blob)
    },
  }
}

function pushTag(client: Client, own: Belongings, config: Blob, layers: readonly Blob[]): Work {
  const manifest = freshManifest(config, layers)
  // A tag of its own, or one that it has already and moves.
  const tag = own.tags.size > 0 && randomInt(3) === 0 ? pick([...own.tags.keys()]) : `v${own.tags.size}-${randomInt(1_000_000)}`
  return {
    async run() {
      // Until there is an answer, nothing is promised about a tag that moves.
      own.tags.delete(tag)
      await putManifest(client, own.repository, tag, manifest)
      own.manifests.set(manifest.digest, [config, ...layers])
      own.tags.set(tag, manifest.digest)
      await checkTag(client, own.repository, tag, manifest.digest)
    },
  }
}

function pushHotTag(client: Client, own: Belongings, blob: Blob, tag: string): Work {
  const manifest = freshManifest(blob, [blob])
  const isErased = randomInt(4) === 0
  const once = firstTime()
  return {
    async run() {
      const key = `blob ${shared} ${blob.digest}`
      const path = `/v2/${shared}/blobs/uploads/?mount=${blob.digest}&from=${own.repository}`
      await client.ask({ op: 'mount', key }, [201], path, { method: 'POST' })
      await putManifest(client, shared, tag, manifest)
      const subject = { op: 'erase', key: `tag ${shared}:${tag}`, value: manifest.digest }
      if (isErased) await client.ask(subject, once(202), `/v2/${shared}/manifests/${manifest.digest}`, { method: 'DELETE' })
    },
  }
}

async function putManifest(
  client: Client,
  repository: string,
  tag: string,
  { bytes, digest }: { readonly bytes: Buffer; readonly digest: string },
): Promise<void> {
  const call = { method: 'PUT', headers: { 'content-type': OCI_MANIFEST }, body: bytes }
  await client.ask({ op: 'write', key: `tag ${repository}:${tag}`, value: digest }, [201], `/v2/${repository}/manifests/${tag}`, call)
}

function deleteHotTag(client: Client, tag: string): Work {
  const subject = { op: 'delete', key: `tag ${shared}:${tag}` }
  return { run: async () => void (await client.ask(subject, [202, 404], `/v2/${shared}/manifests/${tag}`, { method: 'DELETE' })) }
}

function cancelUpload(client: Client, { repository }: Belongings, { memory }: WorkOptions): Work {
  const key = `cancelled ${repository}`
  return {
    async run() {
      const before = memory()
      const unlessForgotten = (status: number) => (): readonly number[] => (before === memory() ? [status] : [status, 404])
      const opened = await client.ask({ op: 'open', key }, [202], `/v2/${repository}/blobs/uploads/`, { method: 'POST' })
      const headers = { 'content-type': 'application/octet-stream' }
      const path = String(opened.headers.location)
      await client.ask({ op: 'append', key }, unlessForgotten(202), path, { method: 'PATCH', headers, body: freshBytes(64 * 1024) })
      await client.ask({ op: 'cancel', key }, unlessForgotten(204), path, { method: 'DELETE' })
    },
  }
}

function deleteTag(client: Client, own: Belongings): Work {
  const tag = [...own.tags.keys()][0]
  const once = firstTime()
  return {
    async run() {
      if (tag === undefined) return
      own.tags.delete(tag)
      const subject = { op: 'delete', key: `tag ${own.repository}:${tag}` }
      await client.ask(subject, once(202), `/v2/${own.repository}/manifests/${tag}`, { method: 'DELETE' })
    },
  }
}

function deleteManifest(client: Client, own: Belongings): Work {
  const digest = [...own.manifests.keys()][0]
  const once = firstTime()
  return {
    async run() {
      if (digest === undefined) return
      own.manifests.delete(digest)
      for (const [tag, named] of own.tags) if (named === digest) own.tags.delete(tag)
      const subject = { op: 'erase', key: `manifest ${own.repository} ${digest}`, value: digest }
      await client.ask(subject, once(202), `/v2/${own.repository}/manifests/${digest}`, { method: 'DELETE' })
    },
  }
}

/** Of a blob that no manifest of the repository holds. The same content may be in others' repositories, and has to stay there. */
function deleteBlob(client: Client, own: Belongings): Work {
  const held = new Set([...own.manifests.values()].flat().map(({ digest }) => digest))
  const free = [...own.blobs.keys()].filter((digest) => !held.has(digest))
  const digest = free.length === 0 ? undefined : pick(free)
  const once = firstTime()
  return {
    async run() {
      if (digest === undefined) return
      own.blobs.delete(digest)
      const subject = { op: 'remove', key: `blob ${own.repository} ${digest}` }
      await client.ask(subject, once(202), `/v2/${own.repository}/blobs/${digest}`, { method: 'DELETE' })
      own.deleted.add(digest)
      await checkAbsent(client, own.repository, digest)
    },
  }
}

/** Asked again after a lost answer, the server may say that it is gone already; the first time it may not. */
function firstTime(): (status: number) => readonly number[] {
  let asked = 0
  return (status) => (asked++ === 0 ? [status] : [status, 404])
}

function pick<Item>(items: readonly Item[]): Item {
  return items[randomInt(items.length)]!
}
