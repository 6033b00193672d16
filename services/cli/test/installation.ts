import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createFilesystemStore } from '@roadstead/blob-store/filesystem.ts'
import { prepareFolder } from '@roadstead/blob-store/filesystem/prepare.ts'
import type { Ports } from '@roadstead/distribution/ports.ts'
import { pushManifest } from '@roadstead/distribution/push.ts'
import { createRunningHashes } from '@roadstead/distribution/running-hashes.ts'
import { createSmallBlobs } from '@roadstead/distribution/small-blobs.ts'
import { uploadWhole } from '@roadstead/distribution/upload.ts'
import { lockFolder } from '@roadstead/embedded/lock.ts'
import { startPostgres } from '@roadstead/embedded/postgres.ts'
import { openDatabase } from '@roadstead/metadata/database.ts'
import { createMetadata } from '@roadstead/metadata/metadata.ts'
import { migrate } from '@roadstead/metadata/migrate.ts'
import type { Registry, Repository } from '@roadstead/oci/registry.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Content, Document } from '@roadstead/testing/contents.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'

/** What a running server holds: the lock, the database and the blobs of a data folder. */
export interface TestInstallation {
  readonly ports: Ports
  readonly registry: Registry
  readonly push: (repository: Repository, tag: string, image: Image) => Promise<void>
  readonly fileOf: (repository: Repository, content: Content) => Promise<string>
  readonly stop: () => Promise<void>
}

export interface Image {
  readonly manifest: Document
  readonly blobs: readonly Content[]
}

/** On a data folder, in the way of `npm start`. */
export async function startInstallation(folder: string): Promise<TestInstallation> {
  await mkdir(folder, { recursive: true })
  const lock = await lockFolder(folder)
  const postgres = await startPostgres({ folder, fsync: false })
  const database = openDatabase({ url: postgres.url })
  await migrate(database)
  const metadata = createMetadata(database)
  const blobs = join(folder, 'blobs')
  await prepareFolder(blobs)
  const store = createFilesystemStore({ folder: blobs })
  const now = (): Date => new Date()
  const ports: Ports = {
    metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(0),
    now,
    newId: randomUUID,
    onBackgroundError: () => undefined,
  }
  const { registry } = await metadata.ensureRegistry({
    tenant: 'contoso',
    name: 'myregistry',
    storage: 'embedded:blobs',
    adminEnabled: true,
  })
  return {
    ports,
    registry,
    async push(repository, tag, image) {
      for (const { digest, bytes } of image.blobs) await uploadWhole(ports, repository, digest, Readable.from([bytes]))
      const { mediaType, bytes } = image.manifest
      const reference = { kind: 'tag', tag: tag as Tag } as const
      await pushManifest(ports, repository, { reference, tags: [], contentType: mediaType, payload: bytes, actor: 'test' })
    },
    fileOf: async (repository, { digest }) => join(blobs, (await metadata.blobs.find(repository, digest))!.location),
    async stop() {
      await database.close()
      await postgres.stop()
      lock.release()
    },
  }
}
