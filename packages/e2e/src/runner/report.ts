import type { Outcome } from './steps.ts'

/** One line per step while it runs, so that a hanging client can be named. */
export function printStep(outcome: Outcome): void {
  const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[outcome.state]
  const reason = outcome.state === 'skipped' ? ` (${outcome.detail})` : ''
  console.log(`${mark} ${outcome.section}: ${outcome.step}${reason} ${outcome.seconds.toFixed(1)} s`)
}

/** Details of failures, the table, and the closing line. Answers whether nothing failed. */
export function printReport(outcomes: readonly Outcome[]): boolean {
  for (const outcome of outcomes.filter(({ state }) => state === 'failed')) {
    console.log(`\n=== ${outcome.section}: ${outcome.step}\n${outcome.detail}`)
  }
  console.log(`\n${'section'.padEnd(20)} passed failed skipped`)
  for (const section of new Set(outcomes.map((outcome) => outcome.section))) {
    const own = outcomes.filter((outcome) => outcome.section === section)
    const cells = (['passed', 'failed', 'skipped'] as const).map((state) => String(count(own, state)).padStart(6))
    console.log(`${section.padEnd(20)} ${cells.join(' ')}`)
  }
  const failed = count(outcomes, 'failed')
  console.log(`\n${count(outcomes, 'passed')} passed, ${failed} failed, ${count(outcomes, 'skipped')} skipped`)
  return failed === 0
}

function count(list: readonly Outcome[], state: Outcome['state']): number {
  return list.filter((outcome) => outcome.state === state).length
}
