/** What the command ends with. Documented in `--help` and docs/operate.md. */
export const exitCodes = {
  done: 0,
  /** Something was found that should not be; for commands that change something: it could not be done. */
  findings: 1,
  wrongUsage: 2,
  /** The database or the storage did not answer, so nothing is known. */
  cannotCheck: 3,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
