import { appendFileSync } from 'node:fs'

/** What became of an operation: `info` is one that nobody can tell of, because its answer was lost or was a 503. */
export type Result = 'ok' | 'fail' | 'info'

/** One operation of one client, as a line of JSON. Times are milliseconds on one clock. */
export interface Operation {
  readonly process: string
  readonly op: string
  readonly key: string
  /** What was written, or what was read; undefined for absence. */
  readonly value?: string | undefined
  readonly start: number
  readonly end: number
  readonly result: Result
  readonly status?: number | undefined
}

export interface History {
  readonly operations: readonly Operation[]
  /** What must not happen, in the order in which it was seen. */
  readonly violations: readonly string[]
  now(): number
  record(operation: Operation): void
  /** Notes a broken promise, with the operations that explain it. */
  violated(what: string, key: string): void
}

/** Operations that are shown with a violation: the first and the last ones on its key. */
const shown = { first: 3, last: 12 }

const now = (): number => Math.round(performance.now() * 1000) / 1000

export function openHistory(file: string): History {
  const operations: Operation[] = []
  const violations: string[] = []
  return {
    operations,
    violations,
    now,
    record(operation) {
      operations.push(operation)
      appendFileSync(file, `${JSON.stringify(operation)}\n`)
    },
    violated(what, key) {
      const all = operations.filter((operation) => operation.key === key)
      const own = all.filter((_, index) => index < shown.first || index >= all.length - shown.last)
      const excerpt = own.map((operation) => `    ${JSON.stringify(operation)}`).join('\n')
      const text = `${what}\n  history of ${key} up to ${now()}:\n${excerpt}`
      violations.push(text)
      appendFileSync(file, `${JSON.stringify({ violation: what, key, at: now() })}\n`)
    },
  }
}
