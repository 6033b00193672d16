/** `npm test -- [jest's arguments]`: all tests that need no container engine. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

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

const { status } = spawnSync(
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
const result = readResult()
rmSync(folder, { recursive: true, force: true })
const failed = result === undefined ? 1 : result.numFailedTests + result.numRuntimeErrorTestSuites
const skipped = result === undefined ? 0 : result.numPendingTests + result.numTodoTests
console.log(`${result?.numPassedTests ?? 0} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
process.exitCode = status === 0 && failed === 0 ? 0 : 1

function readResult(): JestResult | undefined {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8')) as JestResult
  } catch {
    return undefined
  }
}
