import { describe, expect, test } from '@jest/globals'
import { createInProcessSessions } from './in-process.ts'
import { describeUploadSessions, sessionOf } from './testing/contract.ts'

describeUploadSessions('in process', async (now) => ({ sessions: createInProcessSessions({ now }), close: async () => {} }))

describe('the bound on sessions in a process', () => {
  test('refuses one more with TOOMANYREQUESTS, until one is deleted', async () => {
    const sessions = createInProcessSessions({ now: () => new Date(0), limit: 3 })
    const all = ['a', 'b', 'c'].map((id) => sessionOf({ id }))
    for (const session of all) await sessions.create(session)
    await expect(sessions.create(sessionOf({ id: 'd' }))).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    expect(await sessions.advance(all[0]!, { ...all[0]!, version: 2 })).toBe(true)
    await sessions.delete(all[1]!)
    await sessions.create(sessionOf({ id: 'd' }))
    await expect(sessions.create(sessionOf({ id: 'e' }))).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
  })

  test('counts what has expired and was not cleared away', async () => {
    const sessions = createInProcessSessions({ now: () => new Date(1_000), limit: 1 })
    await sessions.create(sessionOf({ expires: 500 }))
    await expect(sessions.create(sessionOf({ id: 'b' }))).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
  })

  test('is 100,000', async () => {
    const sessions = createInProcessSessions({ now: () => new Date(0) })
    for (let index = 0; index < 100_000; index++) await sessions.create(sessionOf({ id: String(index), expires: index * 1_000 }))
    await expect(sessions.create(sessionOf({ id: 'one more' }))).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' })
    expect((await sessions.expired(new Date(5_000), 100)).map(({ id }) => id)).toEqual(['0', '1', '2', '3', '4', '5'])
  })
})
