import { describe, expect, test } from '@jest/globals'
import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { storageFailure } from './failure.ts'
import { withTries } from './tries.ts'
import type { Attempt } from './tries.ts'

const quick = { count: 3, delay: 1, timeout: 30, budget: 1_000 }

function answered(statusCode: number, code = ''): Error {
  return Object.assign(new Error(`answered ${statusCode}`), { name: 'RestError', statusCode, code })
}

const broken = Object.assign(new Error('socket hang up'), { name: 'RestError', code: 'ECONNRESET' })

/** Fails with each of these, then succeeds. */
function failing(errors: readonly unknown[]) {
  let count = 0
  const work = async () => {
    if (count < errors.length) throw errors[count++]
    return ++count
  }
  return { work, count: () => count }
}

describe('a call', () => {
  test.each([
    ['a broken connection', broken],
    ['an answer cut short', answered(200, 'PARSE_ERROR')],
    ['ServerBusy', answered(503, 'ServerBusy')],
    ['InternalError', answered(500, 'InternalError')],
    ['too many requests', answered(429)],
    ['bytes that changed on their way', answered(400, 'Md5Mismatch')],
  ])('is repeated after %s', async (_, error) => {
    const { work } = failing([error, error])
    expect(await withTries(quick, work)).toBe(3)
  })

  test.each([
    ['a refused key', answered(403, 'AuthenticationFailed'), Unavailable],
    ['a container that is gone', answered(404, 'ContainerNotFound'), Unavailable],
    ['a container on its way out', answered(409, 'ContainerBeingDeleted'), Unavailable],
    ['an answer of somebody else', answered(404), Unavailable],
    ['a full account', answered(507), StorageFull],
    ['a quota', answered(409, 'AccountQuotaExceeded'), StorageFull],
    ['a full account that calls itself busy', answered(503, 'StorageCapacityExceeded'), StorageFull],
  ])('is not repeated after %s', async (_, error, kind) => {
    const { work, count } = failing([error])
    await expect(withTries(quick, work)).rejects.toBeInstanceOf(kind)
    expect(count()).toBe(1)
  })

  test('that goes on failing says that the storage does not answer, and why', async () => {
    const { work, count } = failing([broken, broken, broken, broken])
    await expect(withTries(quick, work)).rejects.toMatchObject({ name: 'Unavailable', dependency: 'storage', cause: broken })
    expect(count()).toBe(3)
  })

  test('that is never answered ends', async () => {
    const seen: AbortSignal[] = []
    const work = ({ signal }: Attempt) =>
      new Promise<never>((_, reject) => {
        seen.push(signal)
        signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      })
    await expect(withTries(quick, work)).rejects.toBeInstanceOf(Unavailable)
    expect(seen).toHaveLength(3)
  })

  test('is waited for as long as bytes move', async () => {
    const work = async ({ signal, moved }: Attempt) => {
      for (let step = 0; step < 6; step++) {
        await sleep(250)
        moved()
        signal.throwIfAborted()
      }
      return 'done'
    }
    expect(await withTries({ ...quick, count: 1, timeout: 1_000 }, work)).toBe('done')
  })

  test('is not begun again when its budget is used up', async () => {
    const { work, count } = failing([broken, broken, broken])
    await expect(withTries({ ...quick, budget: 0.1 }, work)).rejects.toBeInstanceOf(Unavailable)
    expect(count()).toBe(1)
  })

  test('ends with the reason of a signal', async () => {
    const reason = new Error('the client left')
    const stop = new AbortController()
    const { work } = failing([broken, broken])
    const called = withTries({ ...quick, delay: 10_000, budget: 60_000 }, work, stop.signal)
    stop.abort(reason)
    await expect(called).rejects.toBe(reason)
    await expect(withTries(quick, work, stop.signal)).rejects.toBe(reason)
  })

  test('does not hide a mistake of ours', async () => {
    const mistake = new TypeError('undefined is not a function')
    const { work, count } = failing([mistake])
    await expect(withTries(quick, work)).rejects.toBe(mistake)
    expect(count()).toBe(1)
  })
})

test('an identity that gets no token is a storage that does not answer', () => {
  const error = Object.assign(new Error('no identity'), { name: 'CredentialUnavailableError' })
  expect(storageFailure(error)).toMatchObject({ name: 'Unavailable', cause: error })
})

test('what the storage says about a request is no failure of the storage', () => {
  for (const error of [answered(409, 'BlobAlreadyExists'), answered(404, 'BlobNotFound'), answered(400, 'InvalidBlockList')]) {
    expect(storageFailure(error)).toBe(error)
  }
})
