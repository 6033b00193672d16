import { refuse, StorageFull } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import { discardStaged } from './discard-staged.ts'
import type { Ports } from './ports.ts'
import type { UploadSession } from './upload-sessions.ts'

/** A session ends this long after its last byte; a finished one still answers a repeated closing request for as long. Milliseconds. */
export const sessionLifetime = 24 * 60 * 60 * 1000

/** How long a claim outlasts a holder that died. A living holder renews it. Milliseconds. */
const claimLifetime = 10_000

/** How `work` leaves the session, and what to throw once that is written down. */
export interface Outcome {
  readonly session: UploadSession
  readonly error?: unknown
}

/** Writes the session down in the middle of the work, which goes on. Throws BLOB_UPLOAD_INVALID (out of order) when somebody else took the session. */
export type WriteDown = (session: UploadSession) => Promise<void>

/**
 * Lets `work` write to the session while no other request does. Without the claim, a slow second PATCH could overwrite bytes that a
 * first one has already had acknowledged. Answers the session as it then stands. Throws BLOB_UPLOAD_INVALID (out of order) while
 * somebody else writes, BLOB_UPLOAD_UNKNOWN when the session was cancelled meanwhile.
 */
export async function whileClaimed(
  ports: Ports,
  repository: Repository,
  session: UploadSession,
  work: (claimed: UploadSession, writeDown: WriteDown) => Promise<Outcome>,
): Promise<UploadSession> {
  const claimed = await claim(ports, session)
  const renewal = renewing(ports, claimed)
  const outcome = await work(claimed, renewal.writeDown).catch((error: unknown): Outcome => ({ session: claimed, error }))
  const { version } = await renewal.stop()
  if (outcome.error instanceof StorageFull) return giveUp(ports, repository, claimed, outcome.error)
  const { writer: _, ...rest } = outcome.session
  // Only bytes keep a session alive: what it stored must not become older than the sweeper thinks an open upload can be.
  const isLonger = rest.staged.offset > session.staged.offset || rest.finished !== undefined
  const released: UploadSession = {
    ...rest,
    version: version + 1,
    expires: isLonger ? ports.now().getTime() + sessionLifetime : session.expires,
  }
  const isOurs = await ports.sessions.advance({ ...claimed, version }, released)
  if (outcome.error !== undefined) throw outcome.error
  // Once a blob's row is written nothing takes it back: a lost session then only means that a repeated request is not recognised.
  if (!isOurs && released.finished === undefined) return refuseLost(ports, repository, claimed)
  return released
}

/** Takes the session for one request, by compare-and-set. Throws BLOB_UPLOAD_INVALID (out of order) while somebody else has it. */
export async function claim(ports: Ports, session: UploadSession): Promise<UploadSession> {
  const now = ports.now().getTime()
  const isFree = session.writer === undefined || session.writer.until <= now
  const { hashed: _, hashState: __, ...unhashed } = session
  // Who was left behind may still write when it wakes up. What it leaves is hashed again, from the store, before anybody gets to see it.
  const isTrusted = session.writer === undefined
  if (!isTrusted) ports.hashes.drop(session.id)
  const writer = { id: ports.newId(), until: now + claimLifetime }
  const claimed: UploadSession = { ...(isTrusted ? session : unhashed), version: session.version + 1, writer }
  if (!isFree || !(await ports.sessions.advance(session, claimed))) refuseTaken(session)
  return claimed
}

function refuseTaken({ staged }: UploadSession): never {
  return refuse('BLOB_UPLOAD_INVALID', 'another request is writing to this upload session', {
    reason: 'out of order',
    detail: { offset: staged.offset },
  })
}

/**
 * For who was held up for longer than its claim lasted, as by a machine that slept. Another request may have gone on with the session, or finished it:
 * then the bytes are no longer ours to throw away.
 */
async function refuseLost(ports: Ports, repository: Repository, session: UploadSession): Promise<never> {
  const other = await ports.sessions.find(repository, session.id)
  return other === undefined ? giveUp(ports, repository, session, undefined) : refuseTaken(other)
}

interface Renewal {
  readonly writeDown: WriteDown
  /** Answers the session as it was last written. */
  readonly stop: () => Promise<UploadSession>
}

/** Keeps the claim alive until `stop`. */
function renewing(ports: Ports, claimed: UploadSession): Renewal {
  let current = claimed
  let last: Promise<unknown> = Promise.resolve()
  const write = async (session: UploadSession): Promise<boolean> => {
    const time = ports.now().getTime()
    const writer = { id: claimed.writer!.id, until: time + claimLifetime }
    const next = { ...session, version: current.version + 1, writer, expires: time + sessionLifetime }
    const isOurs = await ports.sessions.advance(current, next)
    if (isOurs) current = next
    return isOurs
  }
  const timer = setInterval(() => {
    last = last.then(() => write(current)).catch(ports.onBackgroundError)
  }, claimLifetime / 3)
  timer.unref()
  return {
    async writeDown(session) {
      const written = last.then(() => write(session))
      last = written.catch(() => undefined)
      if (!(await written)) refuseTaken(session)
    },
    async stop() {
      clearInterval(timer)
      await last
      return current
    },
  }
}

async function giveUp(ports: Ports, repository: Repository, session: UploadSession, error: unknown): Promise<never> {
  await ports.sessions.delete(session)
  ports.hashes.drop(session.id)
  await discardStaged(ports, repository.registry, session.staged).catch(ports.onBackgroundError)
  if (error !== undefined) throw error
  return refuse('BLOB_UPLOAD_UNKNOWN', 'the upload session was cancelled', { detail: { session: session.id } })
}
