import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createFilesystemStore } from '@roadstead/blob-store/filesystem.ts'
import { prepareFolder } from '@roadstead/blob-store/filesystem/prepare.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Content, Document } from '@roadstead/testing/contents.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { testRegistry } from '@roadstead/testing/registries.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import type { BlobStore } from '../blob-store.ts'
import type { Ports } from '../ports.ts'
import { pushManifest } from '../push.ts'
import { createRunningHashes } from '../running-hashes.ts'
import { createSmallBlobs } from '../small-blobs.ts'
import { uploadWhole } from '../upload.ts'

/** Real rows and real files, for tests that damage both. */
export interface StoredContent {
  readonly database: TestDatabase
  readonly ports: Ports
  readonly store: BlobStore
  readonly background: readonly unknown[]
  readonly advance: (milliseconds: number) => void
  readonly registry: () => Promise<Registry>
  readonly upload: (repository: Repository, content: Content) => Promise<void>
  readonly push: (repository: Repository, document: Document, tag?: string) => Promise<void>
  /** Path of the file that holds a blob's bytes now. */
  readonly fileOf: (repository: Repository, content: Pick<Content, 'digest'>) => Promise<string>
  /** Statements that the foreign keys would refuse. */
  readonly breakRows: (text: string) => Promise<void>
  readonly close: () => Promise<void>
}

export async function storeContent(): Promise<StoredContent> {
  const database = await testDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'roadstead-verify-'))
  await prepareFolder(folder)
  let ahead = 0
  const now = (): Date => new Date(Date.now() + ahead)
  const background: unknown[] = []
  const store = createFilesystemStore({ folder })
  const ports: Ports = {
    metadata: database.metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: (error) => background.push(error),
  }
  return {
    database,
    ports,
    store,
    background,
    advance: (milliseconds) => void (ahead += milliseconds),
    registry: () => testRegistry(database.metadata),
    async upload(repository, { digest, bytes }) {
      await uploadWhole(ports, repository, digest, Readable.from([bytes]))
    },
    async push(repository, { digest, bytes, mediaType }, tag) {
      const reference = tag === undefined ? ({ kind: 'digest', digest } as const) : ({ kind: 'tag', tag: tag as Tag } as const)
      await pushManifest(ports, repository, { reference, tags: [], contentType: mediaType, payload: bytes, actor: 'test' })
    },
    async fileOf(repository, { digest }) {
      return join(folder, (await database.metadata.blobs.find(repository, digest))!.location)
    },
    breakRows: (text) => database.database.script(async () => `SET LOCAL session_replication_role = replica; ${text}`),
    async close() {
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** All that an iteration yields. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** What a disk, or somebody at it, does to a file, and the name of what is found then. */
export const damages = {
  'taken away': { kind: 'bytes missing', work: (file: string) => rm(file) },
  'cut short': { kind: 'bytes of another size', work: (file: string) => truncate(file, 3) },
  'made empty': { kind: 'bytes of another size', work: (file: string) => truncate(file, 0) },
  'made longer': { kind: 'bytes of another size', work: (file: string) => appendFile(file, 'more') },
  'of one other bit': { kind: 'bytes of another digest', work: flipBit },
} as const

async function flipBit(file: string): Promise<void> {
  const bytes = await readFile(file)
  bytes[bytes.length >> 1]! ^= 0x10
  await writeFile(file, bytes)
}
