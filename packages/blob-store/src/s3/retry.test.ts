import { describe, expect, test } from '@jest/globals'
import { S3Failure } from './failure.ts'
import { createRetry } from './retry.ts'

const busy = () => new S3Failure('Test', Object.assign(new Error(), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } }))
const denied = () => new S3Failure('Test', Object.assign(new Error(), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }))
const expired = () => new S3Failure('Test', Object.assign(new Error(), { name: 'ExpiredToken', $metadata: { httpStatusCode: 400 } }))

/** Without pauses, and with a clock that goes on by a second with each look. */
function trial(change: { readonly attempts?: number; readonly patience?: number } = {}) {
  let time = 0
  const retry = createRetry({ attempts: 5, patience: 1e9, random: () => 0, now: () => (time += 1_000), ...change })
  let tries = 0
  const failing = (times: number, error: () => unknown) => async () => {
    tries += 1
    if (tries <= times) throw error()
    return 'done'
  }
  return { retry, failing, tries: () => tries }
}

describe('a call that fails', () => {
  test('is tried again until it succeeds', async () => {
    const { retry, failing, tries } = trial()
    expect(await retry(failing(4, busy))).toBe('done')
    expect(tries()).toBe(5)
  })

  test('is tried so often, and no more', async () => {
    const { retry, failing, tries } = trial()
    await expect(retry(failing(5, busy))).rejects.toThrow('SlowDown')
    expect(tries()).toBe(5)
  })

  test.each([
    ['an answer that stays the same', denied],
    ['a mistake of ours', () => new TypeError('x is undefined')],
  ])('is not tried again after %s', async (_name, error) => {
    const { retry, failing, tries } = trial()
    await expect(retry(failing(1, error))).rejects.toThrow()
    expect(tries()).toBe(1)
  })

  test('is tried twice however long the first try took, and not again when patience is over', async () => {
    const { retry, failing, tries } = trial({ patience: 500 })
    await expect(retry(failing(5, busy))).rejects.toThrow()
    expect(tries()).toBe(2)
  })

  test('gets fresh credentials where they are the reason', async () => {
    const { retry, failing } = trial()
    let renewed = 0
    await retry(failing(2, expired), { renew: () => (renewed += 1) })
    expect(renewed).toBe(2)
  })

  test('is given up with its signal', async () => {
    const { retry, failing, tries } = trial()
    await expect(retry(failing(1, busy), { signal: AbortSignal.abort() })).rejects.toThrow()
    expect(tries()).toBe(0)
  })

  test('is not tried again while nearly all calls fail', async () => {
    const { retry } = trial()
    let tries = 0
    const always = async () => {
      tries += 1
      throw busy()
    }
    for (let call = 0; call < 1_000; call++) await retry(always).catch(() => {})
    expect(tries).toBe(1_000 + 200)
  })
})
