import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import { RegistryError } from '@roadstead/oci/errors.ts'
import type { ErrorCode } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import { image, index } from '@roadstead/testing/contents.ts'
import type { Content, Document } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { repositoryIn, testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import { mountBlob } from './mount.ts'
import type { Ports } from './ports.ts'
import { pullManifest, readBlob, statBlob } from './pull.ts'
import { pushManifest } from './push.ts'
import { removeBlob, removeManifest } from './remove.ts'
import { createRunningHashes } from './running-hashes.ts'
import { createSmallBlobs } from './small-blobs.ts'
import { uploadWhole } from './upload.ts'

let database: TestDatabase
let ports: Ports
let repository: Repository
let other: Repository

beforeAll(async () => {
  database = await testDatabase()
  const now = (): Date => new Date()
  const store = createMemoryStore({ now })
  ports = {
    metadata: database.metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: (error) => {
      throw error
    },
  }
  const registry = await testRegistry(database.metadata)
  repository = repositoryIn(registry, 'team/app')
  other = repositoryIn(registry, 'team/other')
})

afterAll(() => database.close())

const rounds = Array.from({ length: 25 }, (_, round) => round)

function upload({ digest, bytes }: Content, into = repository): Promise<unknown> {
  return uploadWhole(ports, into, digest, Readable.from([bytes]))
}

function push({ bytes, mediaType }: Document, tag: string, into = repository): Promise<unknown> {
  const reference = { kind: 'tag', tag: tag as Tag } as const
  return pushManifest(ports, into, { reference, tags: [], contentType: mediaType, payload: bytes, actor: 'test' })
}

/** The code of a refusal, or undefined for success. Anything else fails the test. */
async function outcome(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof RegistryError) return error.code
    throw error
  }
}

/** A tag that resolves has everything behind it: the manifest, and the bytes of all that it names. */
async function isComplete(tag: string, document: Document, from = repository): Promise<boolean> {
  const pulled = await pullManifest(ports, from, { kind: 'tag', tag: tag as Tag })
  expect(pulled.payload.equals(document.bytes)).toBe(true)
  for (const { digest } of document.manifest.blobs) {
    await readBlob(ports, from, await statBlob(ports, from, digest), undefined)
  }
  for (const { digest } of document.manifest.manifests) await pullManifest(ports, from, { kind: 'digest', digest })
  return true
}

describe('of a push and a removal that meet, one wins and nothing is left half', () => {
  test.each(rounds)('a manifest, and the blob that it names (%i)', async (round) => {
    const { manifest, blobs } = image(`blob ${round}`)
    for (const content of blobs) await upload(content)
    const [pushed, removed] = await Promise.all([
      outcome(push(manifest, `b${round}`)),
      outcome(removeBlob(ports, repository, blobs[0]!.digest)),
    ])
    if (pushed === undefined) {
      expect(removed).toBe('UNSUPPORTED')
      expect(await isComplete(`b${round}`, manifest)).toBe(true)
    } else {
      expect([pushed, removed]).toEqual(['MANIFEST_BLOB_UNKNOWN', undefined])
    }
  })

  test.each(rounds)('an index, and the manifest that it names (%i)', async (round) => {
    const { manifest, blobs } = image(`child ${round}`)
    for (const content of blobs) await upload(content)
    await push(manifest, `c${round}`)
    const parent = index([manifest])
    const reference = { kind: 'digest', digest: manifest.digest } as const
    const [pushed, removed] = await Promise.all([
      outcome(push(parent, `p${round}`)),
      outcome(removeManifest(ports, repository, reference, 'test')),
    ])
    if (pushed === undefined) {
      expect(removed).toBe('UNSUPPORTED')
      expect(await isComplete(`p${round}`, parent)).toBe(true)
    } else {
      expect([pushed, removed]).toEqual(['MANIFEST_BLOB_UNKNOWN', undefined])
    }
  })

  test.each(rounds)('a tag, and the manifest under it (%i)', async (round) => {
    const { manifest, blobs } = image(`tag ${round}`)
    for (const content of blobs) await upload(content)
    await push(manifest, `t${round}`)
    const reference = { kind: 'digest', digest: manifest.digest } as const
    const outcomes = await Promise.all([
      outcome(push(manifest, `t${round}`)),
      outcome(removeManifest(ports, repository, reference, 'test')),
    ])
    expect(outcomes).toEqual([undefined, undefined])
    // Whichever came last: the tag names a whole manifest, or there is neither.
    const left = await outcome(isComplete(`t${round}`, manifest))
    expect([undefined, 'MANIFEST_UNKNOWN']).toContain(left)
    expect(await outcome(pullManifest(ports, repository, reference))).toBe(left)
  })

  test.each(rounds)('a mount, and the removal of the last link to the blob (%i)', async (round) => {
    const content = image(`mount ${round}`).blobs[0]!
    await upload(content)
    const [mounted] = await Promise.all([
      mountBlob(ports, repository, other, content.digest),
      removeBlob(ports, repository, content.digest),
    ])
    if (mounted) {
      const found = await statBlob(ports, other, content.digest)
      const bytes = await readBlob(ports, other, found, undefined)
      expect((bytes as Buffer).equals(content.bytes)).toBe(true)
    } else {
      expect(['BLOB_UNKNOWN', 'NAME_UNKNOWN']).toContain(await outcome(statBlob(ports, other, content.digest)))
    }
  })

  test.each(rounds)('an upload, and the removal of the same blob (%i)', async (round) => {
    const content = image(`again ${round}`).blobs[0]!
    await upload(content)
    await Promise.all([upload(content), upload(content, other), outcome(removeBlob(ports, repository, content.digest))])
    const found = await statBlob(ports, other, content.digest)
    const bytes = await readBlob(ports, other, found, undefined)
    expect((bytes as Buffer).equals(content.bytes)).toBe(true)
  })
})

test('eight pushers of the same content and tags do not get in each other’s way', async () => {
  const pushed = image('same')
  const work = async (): Promise<void> => {
    for (const content of pushed.blobs) await upload(content)
    for (const tag of ['s1', 's2', 's3']) await push(pushed.manifest, tag)
  }
  await Promise.all(Array.from({ length: 8 }, work))
  for (const tag of ['s1', 's2', 's3']) expect(await isComplete(tag, pushed.manifest)).toBe(true)
})
