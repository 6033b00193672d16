/** `npm test -- [jest's arguments]`: all tests that need no container engine. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

interface JestResult {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  /** Files that could not even be loaded: their tests are in no other number. */
  readonly numRuntimeErrorTestSuites: number
}

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'roadstead-test-'))
const resultFile = join(folder, 'result.json')

/** Milliseconds that jest gets to end once its result is written. It has been seen to spin for ever after a long run. */
const patience = 20_000

const jest = spawn(
  process.execPath,
  [join(root, 'node_modules/jest/bin/jest.js'), '--json', `--outputFile=${resultFile}`, ...process.argv.slice(2)],
  {
    cwd: root,
    // Without --json's own copy of the result; what people read goes to the standard error.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: {
      ...process.env,
      NODE_OPTIONS: [process.env['NODE_OPTIONS'], '--experimental-vm-modules --disable-warning=ExperimentalWarning']
        .filter(Boolean)
        .join(' '),
    },
  },
)
const ended = new Promise<number | null>((done) => jest.once('exit', (code) => done(code)))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => jest.kill(signal))
const status = await Promise.race([ended, endLate()])
const result = readResult()
rmSync(folder, { recursive: true, force: true })
const failed = result === undefined ? 1 : result.numFailedTests + result.numRuntimeErrorTestSuites
const skipped = result === undefined ? 0 : result.numPendingTests + result.numTodoTests
console.log(`${result?.numPassedTests ?? 0} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
process.exitCode = status === 0 && failed === 0 ? 0 : 1

/** 0 where all is written and jest does not end by itself: the result alone counts then. */
async function endLate(): Promise<number> {
  while (readResult() === undefined) await sleep(500, undefined, { ref: false })
  await sleep(patience, undefined, { ref: false })
  console.log('jest has written its result and does not end; it is ended')
  jest.kill('SIGKILL')
  return 0
}

function readResult(): JestResult | undefined {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8')) as JestResult
  } catch {
    return undefined
  }
}
