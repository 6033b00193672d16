import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { UploadSession, UploadSessions } from '@roadstead/distribution/upload-sessions.ts'
import { parseDigest } from '@roadstead/oci/digest.ts'
import { parseRegistryLabel } from '@roadstead/oci/login-server.ts'
import type { RegistryId, Repository } from '@roadstead/oci/registry.ts'
import { parseRepositoryName } from '@roadstead/oci/repository-name.ts'

export interface SessionsUnderTest {
  readonly sessions: UploadSessions
  readonly close: () => Promise<void>
}

const digest = parseDigest(`sha256:${'0123456789abcdef'.repeat(4)}`)!
const start = Date.parse('2026-01-02T03:04:05.678Z')
const hour = 3_600_000

/** What every `UploadSessions` promises. `make` gets the clock that the store has to go by; the stored sessions start out empty. */
export function describeUploadSessions(name: string, make: (now: () => Date) => Promise<SessionsUnderTest>): void {
  describe(`upload sessions: ${name}`, () => {
    let time = start
    let sessions: UploadSessions
    let opened: SessionsUnderTest
    beforeEach(async () => {
      time = start
      opened = await make(() => new Date(time))
      sessions = opened.sessions
    })
    afterEach(() => opened.close())

    const created = async (members: Partial<UploadSession> = {}): Promise<UploadSession> => {
      const session = sessionOf(members)
      await sessions.create(session)
      return session
    }
    const expired = async (limit = 100) => (await sessions.expired(new Date(time), limit)).map(({ id }) => id)

    test('what was created is found, every member of it', async () => {
      const session = await created({
        hashed: digest,
        writer: { id: 'request 1', until: start + 5 },
        finished: { digest, size: 2 ** 40 },
        staged: { location: '7/ü"\\ /x' as Location, offset: 2 ** 40 + 1, memo: 'a\u0000\n"ключ' },
      })
      expect(await sessions.find(repository(), session.id)).toEqual(session)
      const bare = await created({ id: newId() })
      const found = await sessions.find(repository(), bare.id)
      expect(found).toEqual(bare)
      expect(Object.keys(found!).sort()).toEqual(Object.keys(bare).sort())
    })

    test('a session is found in its own repository of its own registry only', async () => {
      const { id } = await created()
      expect(await sessions.find(repository(7, 'team/other'), id)).toBeUndefined()
      expect(await sessions.find(repository(70, 'team/app'), id)).toBeUndefined()
      expect(await sessions.find(repository(), newId())).toBeUndefined()
      expect(await sessions.find(repository(), id.toUpperCase())).toBeUndefined()
      expect(await sessions.find(repository(), '')).toBeUndefined()
    })

    test('an id cannot reach into another repository', async () => {
      const { id } = await created({ repository: parseRepositoryName('team/app')! })
      for (const separator of ['/', ' ', ':', '\0', '|']) {
        expect(await sessions.find(repository(7, 'team'), `app${separator}${id}`)).toBeUndefined()
      }
      for (const odd of ['*', '__proto__', 'constructor', '../x', 'x'.repeat(5_000), '{"a":1}', '\r\n', '\ud800']) {
        expect(await sessions.find(repository(), odd)).toBeUndefined()
      }
    })

    test('the same id in another registry is another session', async () => {
      const mine = await created()
      const theirs = await created({ registry: 70 as RegistryId, principal: 'somebody else' })
      expect(await sessions.advance(mine, { ...mine, version: 2 })).toBe(true)
      expect(await sessions.find(repository(70), mine.id)).toEqual(theirs)
      await sessions.delete(mine)
      expect(await sessions.find(repository(70), mine.id)).toEqual(theirs)
    })

    test('a session is created once', async () => {
      const session = await created()
      await expect(sessions.create({ ...session, principal: 'somebody else' })).rejects.toThrow()
      expect(await sessions.find(repository(), session.id)).toEqual(session)
    })

    test('an advance replaces all of it, and members can go', async () => {
      const before = await created({ writer: { id: 'request 1', until: start + 5 } })
      const { writer: _, ...rest } = before
      const after: UploadSession = {
        ...rest,
        version: 2,
        hashed: digest,
        staged: { ...before.staged, offset: 10 },
        expires: start + 2 * hour,
      }
      expect(await sessions.advance(before, after)).toBe(true)
      const found = await sessions.find(repository(), before.id)
      expect(found).toEqual(after)
      expect(found).not.toHaveProperty('writer')
    })

    test('an advance from an earlier version is none', async () => {
      const first = await created()
      const second = { ...first, version: 2 }
      await sessions.advance(first, second)
      expect(await sessions.advance(first, { ...first, version: 3, principal: 'late' })).toBe(false)
      expect(await sessions.advance(first, second)).toBe(false)
      expect(await sessions.find(repository(), first.id)).toEqual(second)
      expect(await sessions.advance(second, { ...second, version: 3 })).toBe(true)
    })

    test('of twenty racing advances one wins, and what it wrote is there', async () => {
      const before = await created()
      const attempts = Array.from({ length: 20 }, (_, index) => ({ ...before, version: 2, principal: `racer ${index}` }))
      const won = await Promise.all(attempts.map((after) => sessions.advance(before, after)))
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(await sessions.find(repository(), before.id)).toEqual(attempts[won.indexOf(true)])
    })

    test('an advance to another session or not to a later version is a mistake', async () => {
      const before = await created()
      await expect(sessions.advance(before, before)).rejects.toThrow()
      await expect(sessions.advance(before, { ...before, version: 2, id: newId() })).rejects.toThrow()
      await expect(sessions.advance(before, { ...before, version: 2, registry: 70 as RegistryId })).rejects.toThrow()
      expect(await sessions.find(repository(), before.id)).toEqual(before)
    })

    test('what was deleted is gone, does not come back by an advance, and may be deleted again', async () => {
      const session = await created()
      await sessions.delete(session)
      await sessions.delete(session)
      expect(await sessions.find(repository(), session.id)).toBeUndefined()
      expect(await sessions.advance(session, { ...session, version: 2 })).toBe(false)
      expect(await sessions.find(repository(), session.id)).toBeUndefined()
      time += 10 * hour
      expect(await expired()).toEqual([])
    })

    test('an advance of what never was, is none', async () => {
      const session = sessionOf()
      expect(await sessions.advance(session, { ...session, version: 2 })).toBe(false)
      expect(await sessions.find(repository(), session.id)).toBeUndefined()
    })

    test('what has expired is not found, cannot advance, and is listed until it is deleted', async () => {
      const session = await created()
      time = session.expires - 1
      expect(await sessions.find(repository(), session.id)).toEqual(session)
      expect(await expired()).toEqual([])
      time = session.expires
      expect(await sessions.find(repository(), session.id)).toBeUndefined()
      expect(await sessions.advance(session, { ...session, version: 2, expires: time + hour })).toBe(false)
      expect(await sessions.expired(new Date(time), 10)).toEqual([session])
      expect(await expired()).toEqual([session.id])
      await sessions.delete(session)
      expect(await expired()).toEqual([])
    })

    test('an advance moves the time at which a session expires, both ways', async () => {
      const longer = await created()
      const shorter = await created({ id: newId() })
      await sessions.advance(longer, { ...longer, version: 2, expires: start + 5 * hour })
      await sessions.advance(shorter, { ...shorter, version: 2, expires: start + 10 })
      time = start + 10
      expect(await expired()).toEqual([shorter.id])
      time = longer.expires + 1
      expect(await sessions.find(repository(), longer.id)).toBeDefined()
      expect(await expired()).toEqual([shorter.id])
      time = start + 5 * hour
      expect(await expired()).toEqual([shorter.id, longer.id])
    })

    test('expired sessions of all registries are listed, the oldest first, no more than asked for', async () => {
      const offsets = [5_000, 70_000, 1, 130_000, 65_000, 4_999, 200_000]
      const all = []
      for (const [index, offset] of offsets.entries()) {
        all.push(await created({ id: newId(), registry: (7 + index) as RegistryId, expires: start + offset }))
      }
      time = start + 150_000
      const order = [...all].sort((one, other) => one.expires - other.expires).map(({ id }) => id)
      expect(await expired()).toEqual(order.slice(0, 6))
      expect(await expired(4)).toEqual(order.slice(0, 4))
      expect(await expired(1)).toEqual(order.slice(0, 1))
      expect(await expired(0)).toEqual([])
    })

    test('what callers hold shares nothing with what is kept', async () => {
      const session = await created({ staged: { location: '7/a' as Location, offset: 1 } })
      const kept = structuredClone(session)
      Object.assign(session.staged, { offset: 99 })
      const found = (await sessions.find(repository(), session.id))!
      expect(found).toEqual(kept)
      Object.assign(found.staged, { offset: 99 })
      Object.assign(found, { principal: 'changed' })
      expect(await sessions.find(repository(), session.id)).toEqual(kept)
      time = session.expires
      Object.assign((await sessions.expired(new Date(time), 1))[0]!, { principal: 'changed' })
      expect(await sessions.expired(new Date(time), 1)).toEqual([kept])
    })

    test('what survived JSON is as good as what it was made from', async () => {
      const session = await created()
      const travelled = JSON.parse(JSON.stringify(session)) as UploadSession
      expect(await sessions.advance(travelled, { ...travelled, version: 2 })).toBe(true)
      expect(await sessions.advance(session, { ...session, version: 2 })).toBe(false)
    })
  })
}

let count = 0

function newId(): string {
  return `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`
}

export function sessionOf(members: Partial<UploadSession> = {}): UploadSession {
  return {
    id: 'a3bb189e-8bf9-4c4b-9c1a-0123456789ab',
    registry: 7 as RegistryId,
    repository: parseRepositoryName('team/app')!,
    principal: 'admin',
    version: 1,
    staged: { location: '7/ab/cd' as Location, offset: 0 },
    algorithm: 'sha256',
    expires: start + hour,
    ...members,
  }
}

function repository(registry = 7, name = 'team/app'): Repository {
  return {
    registry: {
      id: registry as RegistryId,
      name: 'myregistry',
      tenant: 'contoso',
      label: parseRegistryLabel('myregistry-contoso')!,
      storage: 'file:///blobs',
      adminEnabled: true,
      anonymousPull: false,
      createdAt: new Date(start),
    },
    name: parseRepositoryName(name)!,
  }
}
