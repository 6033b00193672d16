/**
 * Runs the OCI conformance suite: `npm run conformance -- [--target host:port --user U --password P] [--level dev] [--suite program]`.
 * Without --target it starts Roadstead on a free port; --suite takes a conformance program that was built elsewhere.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort, LOGIN_SERVER, startServer } from '@roadstead/e2e/runner/server.ts'
import { scratchFolder } from '@roadstead/e2e/runner/scratch.ts'
import { targetFrom } from '@roadstead/e2e/runner/target.ts'
import type { Target } from '@roadstead/e2e/runner/target.ts'
import { resolveLocally } from '../clients/hosts.ts'
import { installClients } from '../clients/install.ts'
import { runSuite } from './suite.ts'
import type { Level } from './suite.ts'
import type { TestCase } from './junit.ts'

const { values: options } = parseArgs({
  options: {
    target: { type: 'string' },
    user: { type: 'string' },
    password: { type: 'string' },
    level: { type: 'string' },
    suite: { type: 'string' },
  },
})
const levels = (['1.1', 'dev'] as const).filter((level) => options.level === undefined || options.level === level)
const results = resolve(import.meta.dirname, '../../results/conformance')

const built = options.suite === undefined ? installClients(['conformance']).get('conformance') : { path: resolve(options.suite) }
if (built === undefined || 'skipped' in built) {
  for (const level of levels) console.log(`skipped: OCI conformance at level ${level}: ${built?.skipped ?? 'no suite'}`)
  console.log(`0 passed, 0 failed, ${levels.length} skipped`)
} else {
  await judge(built.path)
}

async function judge(program: string): Promise<void> {
  const given = targetFrom(options)
  if (given !== undefined) return report(levels.map((level) => [level, runSuite(program, level, given, join(results, level))]))
  const unresolved = await resolveLocally(LOGIN_SERVER)
  if (unresolved !== undefined) console.log(`note: ${unresolved}`)
  mkdirSync(results, { recursive: true })
  const dataFolder = scratchFolder('conformance')
  const server = await startServer({ dataFolder, logFile: join(results, 'roadstead.log'), port: await freePort() })
  try {
    report(levels.map((level) => [level, runSuite(program, level, server satisfies Target, join(results, level))]))
  } finally {
    await server.stop()
    rmSync(dataFolder, { recursive: true, force: true })
  }
}

function report(runs: readonly (readonly [Level, readonly TestCase[]])[]): void {
  for (const [level, cases] of runs) {
    for (const test of cases.filter(({ status }) => status === 'failed')) console.log(`FAIL ${level}: ${test.name}`)
  }
  console.log(`\nlevel  tests passed failed skipped`)
  for (const [level, cases] of runs) {
    const cells = [cases.length, count(cases, 'passed'), count(cases, 'failed'), count(cases, 'skipped')]
    console.log(`${level.padEnd(6)} ${cells.map((cell) => String(cell).padStart(5)).join('  ')}`)
  }
  const all = runs.flatMap(([, cases]) => cases)
  console.log(`\nreports: ${results}\n${count(all, 'passed')} passed, ${count(all, 'failed')} failed`)
  process.exitCode = count(all, 'failed') === 0 ? 0 : 1
}

function count(cases: readonly TestCase[], status: TestCase['status']): number {
  return cases.filter((test) => test.status === status).length
}
