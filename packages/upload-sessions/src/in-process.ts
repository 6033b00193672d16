import type { UploadSession, UploadSessions } from '@roadstead/distribution/upload-sessions.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import { createDeadlines } from './deadlines.ts'

export interface InProcessSettings {
  readonly now: () => Date
  /** Most sessions at one time, those that wait for `expired` included. */
  readonly limit?: number
}

interface Entry {
  readonly version: number
  readonly expires: number
  /** The session as JSON: what is kept shares nothing with what callers hold, and is what another store would have kept. */
  readonly text: string
}

/** Upload sessions of a single process. They end with it, which costs open uploads and nothing else. */
export function createInProcessSessions({ now, limit = 100_000 }: InProcessSettings): UploadSessions {
  const entries = new Map<string, Entry>()
  const deadlines = createDeadlines()

  const put = (key: string, session: UploadSession) => {
    entries.set(key, { version: session.version, expires: session.expires, text: JSON.stringify(session) })
    deadlines.set(key, session.expires)
  }

  const alive = (key: string): Entry | undefined => {
    const entry = entries.get(key)
    return entry === undefined || entry.expires <= now().getTime() ? undefined : entry
  }

  return {
    async create(session) {
      const key = keyOf(session.registry, session.repository, session.id)
      if (entries.has(key)) throw new Error(`there is an upload session ${session.id} already`)
      if (entries.size >= limit) refuse('TOOMANYREQUESTS', 'too many uploads are open; finish or cancel some, or try again later')
      put(key, session)
    },

    async find(repository, id) {
      const entry = alive(keyOf(repository.registry.id, repository.name, id))
      return entry === undefined ? undefined : parse(entry)
    },

    async advance(before, after) {
      const key = keyOf(before.registry, before.repository, before.id)
      if (keyOf(after.registry, after.repository, after.id) !== key || after.version <= before.version) {
        throw new Error(`session ${before.id} can only advance to a later version of itself`)
      }
      // An expired session as well: `expired` may have handed it out, and its bytes be gone by now.
      if (alive(key)?.version !== before.version) return false
      put(key, after)
      return true
    },

    async delete(session) {
      const key = keyOf(session.registry, session.repository, session.id)
      entries.delete(key)
      deadlines.delete(key)
    },

    async expired(time, count) {
      return deadlines.until(time.getTime(), count).map((key) => parse(entries.get(key)!))
    },
  }
}

/** No registry id and no repository name holds a space, so an id, which may be any text of a client, cannot reach into them. */
function keyOf(registry: RegistryId, repository: RepositoryName, id: string): string {
  return `${registry} ${repository} ${id}`
}

function parse({ text }: Entry): UploadSession {
  return JSON.parse(text) as UploadSession
}
