/** `npm run check`: everything that can be said about the sources without running them. Goes on after a failure and names all at the end. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  /** Where this file is missing the step is named and left out. */
  readonly needs?: string
}

const root = resolve(import.meta.dirname, '..')
const node = process.execPath
const bin = (name: string): string => join(root, 'node_modules/.bin', name)
// npm tells where it is when it started us; by hand it is found on the path.
const npm = process.env['npm_execpath']

const steps: readonly Step[] = [
  { name: 'format (prettier)', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'lint (oxlint)', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'types (tsc)', command: [bin('tsc'), '-p', 'tsconfig.json', '--noEmit'] },
  { name: 'layers', command: [node, 'scripts/check-layers.ts'] },
  { name: 'schema', command: [node, 'scripts/schema.ts', '--check'], needs: 'scripts/schema.ts' },
  {
    name: 'lockfile (npm ci --dry-run)',
    command: [...(npm === undefined ? (['npm'] as const) : ([node, npm] as const)), 'ci', '--dry-run', '--ignore-scripts'],
  },
]

const failures: string[] = []
let skipped = 0
for (const { name, command, needs } of steps) {
  if (needs !== undefined && !existsSync(join(root, needs))) {
    console.log(`skip ${name}: there is no ${needs}`)
    skipped += 1
    continue
  }
  const started = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const passed = status === 0
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} ${((performance.now() - started) / 1000).toFixed(1)} s`)
  if (passed) continue
  failures.push(name)
  console.log([stdout, stderr, error?.message].filter(Boolean).join('\n').trimEnd())
}
if (failures.length > 0) console.log(`Failed: ${failures.join(', ')}`)
console.log(`${steps.length - failures.length - skipped} passed, ${failures.length} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`)
process.exitCode = failures.length === 0 ? 0 : 1
