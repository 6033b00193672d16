import type { UploadSession } from '@roadstead/distribution/upload-sessions.ts'

/** How a session is written down: version and expiry, which a script can compare without a parser, then all of it as JSON. */
export function sessionText(session: UploadSession): string {
  return `${session.version} ${session.expires} ${JSON.stringify(session)}`
}

/** Undefined for whatever `sessionText` did not write: a store that others can reach may hold anything. */
export function parseSessionText(text: unknown): UploadSession | undefined {
  if (typeof text !== 'string') return undefined
  const [, version, expires, json = ''] = /^([0-9]+) ([0-9]+) ([^]*)$/.exec(text) ?? []
  const session = parseJson(json)
  return isSession(session) && session.version === Number(version) && session.expires === Number(expires) ? session : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What would make a rule go wrong if it were something else. */
function isSession(value: unknown): value is UploadSession {
  if (typeof value !== 'object' || value === null) return false
  const { id, registry, repository, principal, version, staged, algorithm, expires } = value as Partial<
    Record<keyof UploadSession, unknown>
  >
  const { location, offset } = (staged ?? {}) as Partial<Record<keyof UploadSession['staged'], unknown>>
  return (
    [id, repository, principal, location].every((text) => typeof text === 'string') &&
    [registry, version, expires, offset].every((number) => Number.isSafeInteger(number) && (number as number) >= 0) &&
    (algorithm === 'sha256' || algorithm === 'sha512')
  )
}
