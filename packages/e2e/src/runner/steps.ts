export interface Outcome {
  readonly section: string
  readonly step: string
  readonly state: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or how it failed. */
  readonly detail: string
  readonly seconds: number
}

/** Thrown inside a step whose subject cannot run on this machine. */
export class Skip extends Error {}

export interface Step {
  /** Runs one named test; a failure is recorded, the script goes on with the next step. */
  (name: string, body: () => Promise<void> | void): Promise<void>
  skip(name: string, reason: string): void
}

/** Steps of one section; every outcome goes to `record` as it happens. */
export function steps(section: string, record: (outcome: Outcome) => void): Step {
  const step = async (name: string, body: () => Promise<void> | void): Promise<void> => {
    const start = performance.now()
    const done = (state: Outcome['state'], detail: string) =>
      record({ section, step: name, state, detail, seconds: (performance.now() - start) / 1000 })
    try {
      await body()
      done('passed', '')
    } catch (error) {
      if (error instanceof Skip) done('skipped', error.message)
      else done('failed', describe(error))
    }
  }
  return Object.assign(step, {
    skip: (name: string, reason: string) => record({ section, step: name, state: 'skipped', detail: reason, seconds: 0 }),
  })
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error ? `\ncaused by: ${error.cause.message}` : ''
  const own = error.stack?.split('\n').find((line) => line.includes('/e2e/src/') && !line.includes('/runner/'))
  return `${error.message}${cause}${own === undefined ? '' : `\n${own.trim()}`}`
}
