import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../raw/repository.ts'

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: Readonly<Record<string, string>>
  readonly urls?: readonly string[]
}

/** An OCI image layout on disk with one tagged entry; the clients push it, the tests compare with it. */
export interface Layout {
  readonly folder: string
  readonly tag: string
  readonly top: Descriptor
}

export const blobPath = (folder: string, digest: string): string => join(folder, 'blobs', digest.replace(':', '/'))

export function addBlob(folder: string, mediaType: string, bytes: Buffer): Descriptor {
  const digest = sha256(bytes)
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
  writeFileSync(blobPath(folder, digest), bytes)
  return { mediaType, digest, size: bytes.length }
}

export const addFile = (folder: string, mediaType: string, file: string): Descriptor => addBlob(folder, mediaType, readFileSync(file))

export const addJson = (folder: string, mediaType: string, value: unknown): Descriptor =>
  addBlob(folder, mediaType, Buffer.from(JSON.stringify(value)))

export function closeLayout(folder: string, tag: string, top: Descriptor): Layout {
  const entry = { ...top, annotations: { 'org.opencontainers.image.ref.name': tag } }
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
  return { folder, tag, top }
}

export const readBlob = (layout: Layout, digest: string): Buffer => readFileSync(blobPath(layout.folder, digest))

export const hasBlob = (layout: Layout, digest: string): boolean =>
  statSync(blobPath(layout.folder, digest), { throwIfNoEntry: false }) !== undefined
