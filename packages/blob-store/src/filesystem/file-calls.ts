import fs from 'node:fs'

/**
 * The operations on files that requests cause, so that a test can count them or let one fail. All reject with Node's system errors.
 *
 * Built on descriptors and callbacks: opening, reading and closing 10 kB through a FileHandle costs two to three times the processor
 * time, most of it for the handle object. Nothing here is synchronous, since a disk that hangs must not stop the event loop.
 */
export interface FileCalls {
  open(path: string, flags: number): Promise<number>
  close(descriptor: number): Promise<void>
  /** Bytes read into `into`; fewer than its length only at the end of the file. */
  read(descriptor: number, into: Uint8Array, position: number): Promise<number>
  /** Bytes written, possibly fewer than there are. */
  writev(descriptor: number, buffers: readonly Uint8Array[], position: number): Promise<number>
  truncate(descriptor: number, length: number): Promise<void>
  /** Content and length reach the disk; times may not. */
  syncData(descriptor: number): Promise<void>
  /** For folders: names reach the disk. */
  sync(descriptor: number): Promise<void>
  /** Length of the file in bytes. */
  size(path: string): Promise<number>
  makeFolder(path: string): Promise<void>
  unlink(path: string): Promise<void>
}

// Only the registry's own account reads the bytes of its tenants.
const fileMode = 0o600
const folderMode = 0o700

export const fileCalls: FileCalls = {
  open: (path, flags) => result((done) => fs.open(path, flags, fileMode, done)),
  close: (descriptor) => completion((done) => fs.close(descriptor, done)),
  read: (descriptor, into, position) => result((done) => fs.read(descriptor, into, 0, into.byteLength, position, done)),
  writev: (descriptor, buffers, position) => result((done) => fs.writev(descriptor, buffers, position, done)),
  truncate: (descriptor, length) => completion((done) => fs.ftruncate(descriptor, length, done)),
  syncData: (descriptor) => completion((done) => fs.fdatasync(descriptor, done)),
  sync: (descriptor) => completion((done) => fs.fsync(descriptor, done)),
  size: async (path) => (await result<fs.Stats>((done) => fs.stat(path, done))).size,
  makeFolder: (path) => completion((done) => fs.mkdir(path, folderMode, done)),
  unlink: (path) => completion((done) => fs.unlink(path, done)),
}

type Failure = NodeJS.ErrnoException | null

function result<Value>(start: (done: (error: Failure, value: Value) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)))
  })
}

function completion(start: (done: (error?: Failure) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null || error === undefined ? resolve() : reject(error)))
  })
}
