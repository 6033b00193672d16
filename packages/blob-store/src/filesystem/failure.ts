import { StorageFull, Unavailable } from '@roadstead/oci/errors.ts'

/** What an error of a file operation means to the port: no room, or no answer. Everything else is a mistake of ours and stays as it is. */
export function storageFailure(error: unknown): unknown {
  const code = systemCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StorageFull({ cause: error })
  return code === undefined ? error : new Unavailable('storage', { cause: error })
}

export function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT'
}

export function isPresent(error: unknown): boolean {
  return systemCode(error) === 'EEXIST'
}

/** Errors of the operating system carry `errno`; Node's own argument errors have a code, but no number. */
function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, errno } = error as NodeJS.ErrnoException
  return typeof errno === 'number' ? code : undefined
}
