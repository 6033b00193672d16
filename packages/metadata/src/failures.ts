import { Unavailable } from '@roadstead/oci/errors.ts'

/** Classes of SQLSTATE that say something about the server or the way to it, and nothing about the statement. */
const unavailableClasses: ReadonlySet<string> = new Set([
  '08', // connection
  '28', // authorization of our own account
  '53', // disk, memory, connections used up
  '57', // shutting down, starting up, cancelled by a timeout
  '58', // the server's own system
  'XX', // internal, corrupted
])

const unavailableStates: ReadonlySet<string> = new Set([
  '25006', // read-only: a primary that became a standby
  '25P03', // idle in transaction for too long
  '25P04', // transaction for too long
  '3D000', // no such database (yet)
  '55P03', // a lock was not granted in time
])

const retryStates: ReadonlySet<string> = new Set(['40001', '40P01'])

/** Messages of the driver for failures that carry no code. */
const driverMessages =
  /^(?:Connection terminated|Connection ended|Query read timeout|Client has encountered a connection error|Client was closed)/

/** Whether an error of the driver says that the database failed, and nothing about the statement. */
export function isUnavailable(error: unknown): boolean {
  const { severity, code, syscall, message } = error as DriverError
  // Only what the server itself reported has a severity, and then the code is a SQLSTATE.
  if (severity === undefined) return syscall !== undefined || driverMessages.test(message ?? '')
  return unavailableClasses.has(code!.slice(0, 2)) || unavailableStates.has(code!) || retryStates.has(code!)
}

/** Whether the same transaction may well succeed when it runs again: after a deadlock or a serialization failure. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof Unavailable && retryStates.has((error.cause as DriverError | undefined)?.code ?? '')
}

interface DriverError {
  readonly severity?: string
  readonly code?: string
  readonly syscall?: string
  readonly message?: string
}
