import { performance } from 'node:perf_hooks'

/** Asks one dependency whether it answers; rejects where it does not. */
export interface HealthCheck {
  readonly name: string
  readonly check: () => Promise<unknown>
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reasons: readonly string[] }

export interface Health {
  /** Never rejects and never takes longer than the time limit. */
  readiness(): Promise<Readiness>
  /** From now on not ready: the process is about to stop, and a balancer should send its requests elsewhere. */
  stopping(): void
}

export interface HealthOptions {
  readonly checks: readonly HealthCheck[]
  /** Milliseconds that a check may take. */
  readonly timeLimit?: number
  /** Milliseconds for which an answer is given again: probes must not become a way to hammer a dependency. */
  readonly freshFor?: number
  /** Called with the error of a failed check. Reasons shown to callers say only which dependency failed. */
  readonly onFailure?: (name: string, error: unknown) => void
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number
}

export function createHealth(options: HealthOptions): Health {
  const { checks, timeLimit = 1000, freshFor = 250, onFailure = () => undefined, now = () => performance.now() } = options
  let stopped = false
  let latest: { readonly answer: Promise<Readiness>; until: number } | undefined

  const ask = async (): Promise<Readiness> => {
    const reasons = (await Promise.all(checks.map((check) => reasonAgainst(check, timeLimit, onFailure)))).filter(
      (reason) => reason !== undefined,
    )
    return reasons.length === 0 ? { ready: true } : { ready: false, reasons }
  }
  return {
    async readiness() {
      if (stopped) return { ready: false, reasons: ['this process is stopping'] }
      if (latest === undefined || now() >= latest.until) {
        // Infinity while the checks run: everybody who asks meanwhile gets the same answer.
        const current = { answer: ask(), until: Number.POSITIVE_INFINITY }
        latest = current
        void current.answer.then(() => (current.until = now() + freshFor))
      }
      return latest.answer
    },
    stopping: () => {
      stopped = true
    },
  }
}

async function reasonAgainst(check: HealthCheck, timeLimit: number, onFailure: (name: string, error: unknown) => void) {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeLimit)
    })
    const outcome = await Promise.race([check.check(), late])
    if (outcome !== 'late') return undefined
    onFailure(check.name, new Error(`no answer within ${timeLimit} ms`))
    return `${check.name} did not answer within ${timeLimit} ms`
  } catch (error) {
    onFailure(check.name, error)
    return `${check.name} does not answer`
  } finally {
    clearTimeout(timer)
  }
}
