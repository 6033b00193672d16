import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'
import type { Batches } from '../batches.ts'
import type { S3Calls } from './calls.ts'
import { createGathered } from './gathered.ts'
import type { Keys } from './location.ts'
import { memoOf, progressOf } from './memo.ts'
import type { Progress } from './memo.ts'
import type { PartPlan } from './part-plan.ts'
import { createPartSender } from './part-sender.ts'
import type { S3Reader } from './read.ts'
import type { UploadMemory } from './upload-memory.ts'

export interface WriteSettings {
  readonly calls: S3Calls
  readonly keys: Keys
  readonly reader: S3Reader
  readonly plan: PartPlan
  readonly memory: UploadMemory
  /** 16 hexadecimal digits that cannot be guessed. */
  readonly newTailName: () => string
}

/**
 * Stores what `source` gives behind the upload. A blob that is shorter than a part and comes in one append is one object, at its place at once. Any
 * other is one multipart upload; bytes behind its last part that are too few for another are parked as an object beside it. Nothing that an
 * acknowledged append stored is touched, so whoever still writes for an upload that went on without it does no harm to it; only parts
 * of the same number replace each other, and then the completion fails instead of mixing them.
 */
export async function appendBytes(settings: WriteSettings, upload: StagedUpload, source: Batches): Promise<StagedUpload> {
  const first = await source.next()
  if (first === undefined) return upload
  const { calls, keys, plan, memory } = settings
  const before = progressOf(upload)
  const key = keys.blob(upload.location)
  const account = memory.open()
  const gathered = createGathered(account)
  const sender = createPartSender(calls, key, before, memory, account)
  // The append that left them was acknowledged, or this one would not know of them.
  const tidied = removeParked(settings, upload, before.stale)
  try {
    gathered.push([await readTail(settings, upload, before)])
    for (let batch: typeof first | undefined = first; batch !== undefined; batch = await source.next()) {
      gathered.push(batch)
      for (let cut = nextCut(); cut > 0; cut = nextCut()) await sender.send(gathered.take(cut))
      await sender.ease()
    }
    if (!plan.equal && gathered.size() >= plan.least(sender.offset())) await sender.send(gathered.take(gathered.size()))
    const end = sender.offset() + gathered.size()
    const tail = gathered.take(gathered.size())
    const [rest, sent] = await Promise.all([storeTail(settings, upload, before, sender.offset() === 0, tail), sender.finish(), tidied])
    const stale = before.parked === undefined ? [] : [before.parked.name]
    return { location: upload.location, offset: end, memo: memoOf({ ...sent, ...rest, stale }) }
  } catch (error) {
    await sender.cancel()
    throw error
  } finally {
    account.close()
  }

  /** Bytes to cut off now, or 0. So much is kept back that the end of the append is a valid part wherever it comes. */
  function nextCut(): number {
    const offset = sender.offset()
    if (plan.equal) return gathered.size() >= plan.target(offset) ? plan.target(offset) : 0
    const least = plan.least(offset)
    const target = memory.isScarce() ? least : plan.target(offset)
    return gathered.size() >= target + least ? target : 0
  }
}

/** Bytes that were acknowledged and are in no part yet. */
export async function readTail(
  { keys, reader }: Pick<WriteSettings, 'keys' | 'reader'>,
  upload: StagedUpload,
  progress: Progress,
): Promise<Buffer> {
  const { location, offset } = upload
  if (progress.whole) return reader.readAll(keys.blob(location), offset)
  const { parked } = progress
  return parked === undefined ? Buffer.alloc(0) : reader.readAll(keys.parked(location, parked.name), parked.size)
}

/** Removes parked bytes that are of no use any more. What stays behind is the sweeper's. */
export async function removeParked(
  { calls, keys }: Pick<WriteSettings, 'calls' | 'keys'>,
  { location }: StagedUpload,
  names: readonly string[],
): Promise<void> {
  if (names.length > 0) await calls.delete(names.map((name) => keys.parked(location, name))).catch(() => {})
}

async function storeTail(
  { calls, keys, newTailName }: WriteSettings,
  { location, offset }: StagedUpload,
  before: Progress,
  isAll: boolean,
  tail: Buffer,
): Promise<Pick<Progress, 'whole' | 'parked'>> {
  if (tail.length === 0) return { whole: false, parked: undefined }
  // Only where nothing lies there: it could be the bytes of another append for the same upload, and that one may have been acknowledged.
  const isFirst = offset === 0 && isAll && before.upload === undefined
  if (isFirst && (await calls.put(keys.blob(location), tail, true))) return { whole: true, parked: undefined }
  const name = newTailName()
  await calls.put(keys.parked(location, name), tail)
  return { whole: false, parked: { name, size: tail.length } }
}
