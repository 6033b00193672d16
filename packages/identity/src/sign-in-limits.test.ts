import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import { createSignInLimits } from './sign-in-limits.ts'
import type { SignInLimits, SignInPlace } from './sign-in-limits.ts'

const place: SignInPlace = { registry: 1 as RegistryId, account: 'myregistry', address: '192.0.2.1' }

// The counters' library has no clock of its own to hand in.
beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

const make = (): SignInLimits => createSignInLimits({ perAccount: 3, perAddress: 5, window: 300 })
const guess = async (limits: SignInLimits, at: SignInPlace, times: number): Promise<void> => {
  for (let count = 0; count < times; count++) await limits.charge(at)
}

const six = (index: number): SignInPlace => ({
  registry: index as RegistryId,
  account: `account${index}`,
  address: `2001:db8::${index}`,
})

describe('createSignInLimits', () => {
  test('refuses after the last guess and tells the seconds to wait; then everything starts anew', async () => {
    const limits = make()
    await guess(limits, place, 2)
    await jest.advanceTimersByTimeAsync(100_500)
    await guess(limits, place, 1)
    await expect(limits.admit(place)).rejects.toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 200 })
    await expect(limits.charge(place)).rejects.toMatchObject({ code: 'TOOMANYREQUESTS', retryAfter: 200 })
    // Trying on does not make the wait longer: nobody can be kept out by it.
    await jest.advanceTimersByTimeAsync(199_499)
    await expect(limits.admit(place)).rejects.toMatchObject({ retryAfter: 1 })
    await jest.advanceTimersByTimeAsync(1)
    await expect(limits.admit(place)).resolves.toBeUndefined()
    await guess(limits, place, 3)
  })

  test('another address, account or registry is not concerned', async () => {
    const limits = make()
    await guess(limits, place, 3)
    for (const other of [{ address: '192.0.2.2' }, { account: 'other' }, { registry: 2 as RegistryId }]) {
      await expect(limits.admit({ ...place, ...other })).resolves.toBeUndefined()
    }
    await expect(limits.admit({ ...place, address: '::ffff:192.0.2.1' })).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
  })

  test('an address has a limit over all accounts and registries, and a /64 is one address', async () => {
    const limits = make()
    for (let index = 0; index < 5; index++) await limits.charge(six(index))
    await expect(limits.admit(six(9))).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    await expect(limits.admit({ ...six(9), address: '2001:db8:0:1::9' })).resolves.toBeUndefined()
  })

  test('guesses made at once count as well', async () => {
    const limits = make()
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => limits.charge(place)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  test('a refund takes back one guess, a reset the mistakes with this account, but not those of the address', async () => {
    const limits = make()
    await guess(limits, place, 3)
    await limits.refund(place)
    await limits.charge(place)
    await expect(limits.admit(place)).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    await limits.reset(place)
    await guess(limits, place, 2)
    await limits.reset(place)
    await expect(limits.admit({ ...place, account: 'other' })).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
  })
})
