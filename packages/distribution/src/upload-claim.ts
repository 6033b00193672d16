import { refuse, StorageFull } from '@roadstead/oci/errors.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
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

/**
 * Lets `work` write to the session while no other request does. Without the claim, a slow second PATCH could overwrite bytes that a
 * first one has already had acknowledged. Answers the session as it then stands. Throws BLOB_UPLOAD_INVALID (out of order) while
 * somebody else writes, BLOB_UPLOAD_UNKNOWN when the session was cancelled meanwhile.
 */
export async function whileClaimed(
  ports: Ports,
  repository: Repository,
  session: UploadSession,
  work: (claimed: UploadSession) => Promise<Outcome>,
): Promise<UploadSession> {
  const claimed = await claim(ports, session)
  const renewal = renewing(ports, claimed)
  const outcome = await work(claimed).catch((error: unknown): Outcome => ({ session: claimed, error }))
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
  if (!isOurs && released.finished === undefined) return giveUp(ports, repository, claimed, undefined)
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
  if (!isFree || !(await ports.sessions.advance(session, claimed))) {
    refuse('BLOB_UPLOAD_INVALID', 'another request is writing to this upload session', {
      reason: 'out of order',
      detail: { offset: session.staged.offset },
    })
  }
  return claimed
}

/** Keeps the claim alive until `stop`, which answers the session as it was last written. */
function renewing(ports: Ports, claimed: UploadSession): { readonly stop: () => Promise<UploadSession> } {
  let current = claimed
  let last: Promise<void> = Promise.resolve()
  const renew = async (): Promise<void> => {
    const writer = { id: claimed.writer!.id, until: ports.now().getTime() + claimLifetime }
    const next = { ...current, version: current.version + 1, writer, expires: ports.now().getTime() + sessionLifetime }
    if (await ports.sessions.advance(current, next)) current = next
  }
  const timer = setInterval(() => {
    last = last.then(renew).catch(ports.onBackgroundError)
  }, claimLifetime / 3)
  timer.unref()
  return {
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
  await ports.blobStore(repository.registry).abort(session.staged).catch(ports.onBackgroundError)
  if (error !== undefined) throw error
  return refuse('BLOB_UPLOAD_UNKNOWN', 'the upload session was cancelled', { detail: { session: session.id } })
}
