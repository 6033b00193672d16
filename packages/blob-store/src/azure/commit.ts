import type { StagedUpload } from '@roadstead/distribution/blob-store.ts'
import type { Appending } from './append.ts'
import { bodyOf } from './blocks.ts'
import { hasCode } from './failure.ts'
import { nameOf } from './location.ts'
import { blockIds, readMemo, sealOf, tailBlockId } from './memo.ts'
import type { Memo } from './memo.ts'
import { withTries } from './tries.ts'

type Committing = Omit<Appending, 'newNonce' | 'room' | 'blockSizeAfter'>

/**
 * Makes the acknowledged blocks the blob; what else was staged is dropped by the same call. A blob that is there already is fine when it was
 * made of the same blocks: this commit is a repetition, or its first answer was lost. Of two that differ the first one wins, so that
 * a process that wakes up late cannot put other bytes under a row.
 */
export async function commitBlocks(store: Committing, upload: StagedUpload): Promise<void> {
  const { calls, tries, prefix } = store
  const name = nameOf(prefix, upload.location)
  const memo = readMemo(upload.memo)
  const ids = blockIds(memo)
  const seal = sealOf(ids, upload.offset)
  const isStaged = await stageTail(store, name, memo)
  try {
    if (isStaged) await withTries(tries, (attempt) => calls.commitBlocks(name, ids, seal, attempt))
    else await requireSealed()
  } catch (error) {
    if (!hasCode(error, 'BlobAlreadyExists', 'ConditionNotMet', 'InvalidBlockList')) throw error
    await requireSealed(error)
  }
  await store.removeQuietly([...memo.obsolete, ...(memo.tail === undefined ? [] : [memo.tail.location])])

  async function requireSealed(cause?: unknown): Promise<void> {
    const found = await withTries(tries, (attempt) => calls.describe(name, attempt))
    if (found?.seal === seal && found.size === upload.offset) return
    const reason = found === undefined ? `${upload.offset} bytes that were stored are gone` : 'other bytes were committed there'
    throw new Error(`${upload.location} cannot be committed: ${reason}`, { cause })
  }
}

/** Answers false where the tail is gone, as it is after a commit. */
async function stageTail({ calls, tries, tails }: Committing, name: string, { tail }: Memo): Promise<boolean> {
  if (tail === undefined) return true
  const bytes = await tails.read(tail)
  if (bytes === undefined) return false
  const body = bodyOf([bytes])
  await withTries(tries, (attempt) => calls.stageBlock(name, tailBlockId(tail), body, attempt))
  return true
}

/**
 * Throws away what an upload stored. Blocks that were never committed cannot be deleted as such: an empty blob takes their place and
 * is removed. (Left alone, they would vanish a week after the last one, and be listed until then.)
 */
export async function abortBlocks(store: Committing, upload: StagedUpload): Promise<void> {
  const { calls, tries, prefix } = store
  const name = nameOf(prefix, upload.location)
  const { tail, obsolete } = readMemo(upload.memo)
  await withTries(tries, (attempt) => calls.clear(name, attempt))
  await withTries(tries, (attempt) => calls.remove(name, attempt))
  for (const location of [...obsolete, ...(tail === undefined ? [] : [tail.location])]) {
    await withTries(tries, (attempt) => calls.remove(nameOf(prefix, location), attempt))
  }
}
