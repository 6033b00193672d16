import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Reached } from './reached.ts'

type Callback = (error: Error | null, ...values: unknown[]) => void
type Call = (...values: unknown[]) => void

const names = ['open', 'writev', 'fdatasync', 'fsync', 'ftruncate', 'unlink', 'stat', 'mkdir'] as const

/** Calls on files through callbacks, by the name of the function; it also remembers what is not on the disk yet. */
export function watchFiles(reached: Reached): void {
  const functions = fs as unknown as Record<string, Call>
  for (const name of names) {
    const original = functions[name]!
    functions[name] = (...values) => {
      const done = values.pop() as Callback
      const note = noting(name, values)
      reached('file', name, 'before')
      original(...values, (error: Error | null, ...results: unknown[]) => {
        if (error === null) {
          note(results[0])
          reached('file', name, 'after')
        }
        done(error, ...results)
      })
      reached('file', name, 'sent')
    }
  }
}

interface File {
  readonly path: string
  end: number
  synced: number
}

const open = new Map<number, File>()
const files = new Map<string, File>()
/** Files and folders whose name may not have reached the disk. */
const unsyncedNames = new Set<string>()

/** What has to be remembered once the call was successful, with the state at its beginning: a sync covers nothing that comes later. */
function noting(name: (typeof names)[number], values: readonly unknown[]): (result: unknown) => void {
  const file = typeof values[0] === 'number' ? open.get(values[0]) : undefined
  if (name === 'open') {
    const path = String(values[0])
    const size = fs.statSync(path, { throwIfNoEntry: false })?.size
    return (descriptor) => {
      if (size === undefined) unsyncedNames.add(path)
      const known = files.get(path) ?? { path, end: size ?? 0, synced: size ?? 0 }
      files.set(path, known)
      open.set(descriptor as number, known)
    }
  }
  if (name === 'mkdir') return () => unsyncedNames.add(String(values[0]))
  if (file === undefined) return () => undefined
  if (name === 'writev') return (count) => (file.end = Math.max(file.end, (values[2] as number) + (count as number)))
  if (name === 'ftruncate') return () => (file.end = values[1] as number)
  if (name === 'fdatasync' || name === 'fsync') {
    const { end } = file
    const inside = [...unsyncedNames].filter((path) => dirname(path) === file.path)
    return () => {
      file.synced = end
      if (name === 'fsync') for (const path of inside) unsyncedNames.delete(path)
    }
  }
  return () => undefined
}

/** Takes back what a disk that lost its power would not have. Bytes that were written over synced ones stay: nothing was promised about them. */
export function forgetUnsynced(): void {
  for (const { path, synced, end } of files.values()) {
    if (synced < end && fs.existsSync(path)) fs.truncateSync(path, synced)
  }
  for (const path of unsyncedNames) fs.rmSync(path, { recursive: true, force: true })
}
