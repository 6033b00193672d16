import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { prepareProbes, run } from './probe.ts'
import type { Dependency, Exhibits, Outcome, Probe } from './probe.ts'

/** One way in which a dependency fails. */
export interface Outage {
  readonly name: string
  readonly dependency: Dependency
  readonly begin: () => Promise<void> | void
  readonly end: () => Promise<void> | void
  /** What the dependency answers before it is asked again counts for so long. Milliseconds. */
  readonly grace?: number
  /** Requests are sent in its first moment only: they take long enough. */
  readonly isBrief?: true
  /** Only some of the calls fail: who needs it may get the usual answer. */
  readonly isPartial?: true
  /** Longest time to an answer while it lasts. Milliseconds. */
  readonly bound?: number
}

/** The registry behind a host name is believed for a second after it was read. */
const usualGrace = 1_300
const usualBound = 5_000
/** A busy machine is no reason to fail; who hangs does so for much longer. */
const slack = 1_500
const backWithin = 5_000

/** What was seen: for the table. */
export interface Observation {
  readonly refused: number
  readonly slowest: number
  readonly back: number
}

/**
 * Lets a dependency fail under the requests of every kind: some in the moment in which it fails, some later. Those that need it get 503 with Retry-After in time,
 * the others their usual answer; afterwards all is well again in time, in the same process.
 */
export async function judge(exhibits: Exhibits, outage: Outage): Promise<Observation> {
  const { grace = usualGrace, bound = usualBound } = outage
  const [first, later] = [await prepareProbes(exhibits), await prepareProbes(exhibits)]
  await outage.begin()
  let outcomes: readonly Outcome[]
  try {
    const early = Promise.all(first.map(run))
    await sleep(grace)
    outcomes = [...(await early), ...(outage.isBrief ? [] : await Promise.all(later.map(run)))]
  } finally {
    await outage.end()
  }
  const back = await timeUntilWell(exhibits)
  const wrong = [
    ...outcomes.slice(0, first.length).map((outcome) => reasonAgainst(outcome, outage.dependency, 'maybe', bound)),
    ...outcomes
      .slice(first.length)
      .map((outcome) => reasonAgainst(outcome, outage.dependency, outage.isPartial ? 'maybe' : 'certainly', bound)),
  ].filter((reason) => reason !== undefined)
  assert.equal(wrong.length, 0, wrong.join('\n'))
  assert.ok(back <= backWithin + slack, `service was back ${Math.round(back)} ms after its end`)
  const refused = outcomes.filter(({ status }) => status === 503)
  return { refused: refused.length, slowest: Math.max(...outcomes.map(({ milliseconds }) => milliseconds)), back }
}

function reasonAgainst(
  { probe, status, milliseconds, retryAfter, digest }: Outcome,
  dependency: Dependency,
  isAway: 'maybe' | 'certainly',
  bound: number,
): string | undefined {
  const isNeeded = probe.needs.includes(dependency)
  const said = `${probe.name}: ${status} after ${Math.round(milliseconds)} ms`
  if (milliseconds > bound + slack) return `${said}, later than ${bound} ms`
  // A client that was cut off knows that it has not got all.
  if (status === 'cut') return isNeeded && probe.digest !== undefined ? undefined : `${said}: no answer at all`
  if (status === 503) {
    if (!isNeeded && !probe.mayNeed.includes(dependency)) return `${said}, though it needs no ${dependency}`
    return retryAfter === undefined ? `${said}, without Retry-After` : undefined
  }
  if (status !== probe.usual) return `${said}; expected 503${isNeeded ? '' : ` or ${probe.usual}`}`
  if (probe.digest !== undefined && digest !== probe.digest) return `${said}, complete, and with the wrong bytes ${digest}`
  return isNeeded && isAway === 'certainly' ? `${said}, though the ${dependency} was away` : undefined
}

/** Milliseconds until requests of every kind got their usual answer. */
async function timeUntilWell(exhibits: Exhibits): Promise<number> {
  const start = performance.now()
  for (;;) {
    const probes = await prepareProbes(exhibits).catch(() => undefined)
    const outcomes = probes && (await Promise.all(probes.map(run)))
    const waited = performance.now() - start
    if (outcomes?.every(isUsual) === true) return waited
    if (waited > 30_000) {
      const bad = outcomes?.filter((outcome) => !isUsual(outcome)).map(({ probe, status }) => `${probe.name}: ${status}`)
      throw new Error(`not well again within 30 s: ${bad?.join(', ') ?? 'nothing can be pushed'}`)
    }
    await sleep(100)
  }
}

function isUsual({ probe, status, digest }: Outcome): boolean {
  return status === probe.usual && (probe.digest === undefined || digest === probe.digest)
}

export type { Probe }
