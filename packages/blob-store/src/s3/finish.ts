import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'
import { Unavailable } from '@roadstead/oci/errors.ts'
import type { KnownObjects } from './known-objects.ts'
import { instead } from './failure.ts'
import { progressOf } from './memo.ts'
import type { Progress } from './memo.ts'
import { readTail, removeParked } from './write.ts'
import type { WriteSettings } from './write.ts'

export interface FinishSettings extends Pick<WriteSettings, 'calls' | 'keys' | 'reader'> {
  readonly known: KnownObjects
}

/** Makes the upload's bytes the object at its location. Nothing is copied but a tail below the size of a part. */
export async function commitUpload(settings: FinishSettings, upload: StagedUpload): Promise<void> {
  const { calls, keys, known } = settings
  const { location, offset } = upload
  const key = keys.blob(location)
  const progress = progressOf(upload)
  if (offset === 0) {
    await calls.put(key, Buffer.alloc(0))
    return
  }
  if (progress.whole) {
    // Who stored it in this process was answered; another process asks once.
    if (!known.has(location)) await requireObject(settings, upload)
    return
  }
  const isDone = progress.upload === undefined ? await putTail(settings, upload, progress) : await complete(settings, upload, progress)
  // A repeated commit, or one whose answer was lost: what it made is there.
  if (!isDone) await requireObject(settings, upload)
  await removeParked(settings, upload, leftovers(progress))
}

/** Removes all that the upload is known to have stored, wherever it is. */
export async function abortUpload({ calls, keys, known }: FinishSettings, upload: StagedUpload): Promise<void> {
  const key = keys.blob(upload.location)
  const progress = progressOf(upload)
  known.forget(upload.location)
  await Promise.all([
    calls.delete([key, ...leftovers(progress).map((name) => keys.parked(upload.location, name))]),
    progress.upload === undefined ? undefined : calls.abortUpload({ key, upload: progress.upload }),
  ])
}

/** False where the tail is gone, as after an earlier commit. */
async function putTail(settings: FinishSettings, upload: StagedUpload, progress: Progress): Promise<boolean> {
  const tail = await tailOrNothing(settings, upload, progress)
  if (tail === undefined) return false
  await settings.calls.put(settings.keys.blob(upload.location), tail)
  return true
}

/** False where the multipart upload, or its tail, is gone. */
async function complete(settings: FinishSettings, upload: StagedUpload, progress: Progress): Promise<boolean> {
  const { calls, keys } = settings
  const to = { key: keys.blob(upload.location), upload: progress.upload! }
  if (progress.parked === undefined) return calls.completeUpload(to, progress.parts)
  const tail = await tailOrNothing(settings, upload, progress)
  if (tail === undefined) return false
  const number = progress.parts.length + 1
  const last = await calls.putPart(to, number, tail, new AbortController().signal).catch(instead(undefined, 'NoSuchUpload'))
  return last !== undefined && calls.completeUpload(to, [...progress.parts, last])
}

function tailOrNothing(settings: FinishSettings, upload: StagedUpload, progress: Progress): Promise<Buffer | undefined> {
  return readTail(settings, upload, progress).catch(instead(undefined, 'NoSuchKey'))
}

async function requireObject({ calls, keys }: FinishSettings, { location, offset }: StagedUpload): Promise<void> {
  const size = await calls.size(keys.blob(location))
  if (size === offset) return
  throw new Unavailable('storage', { message: `the storage holds ${size ?? 'none'} of ${offset} bytes that were stored at ${location}` })
}

function leftovers({ parked, stale }: Progress): readonly string[] {
  return parked === undefined ? stale : [...stale, parked.name]
}
