import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from '@roadstead/e2e/runner/target.ts'
import { testCases } from './junit.ts'
import type { TestCase } from './junit.ts'

/** A released version of the specification, or `dev`: what its main branch has added since. */
export type Level = '1.1' | 'dev'

/**
 * Runs the suite at one level with everything switched on that is optional there, SHA-512 included.
 * Leaves report.html, junit.xml and results.yaml in `folder`.
 */
export function runSuite(program: string, level: Level, registry: Target, folder: string): readonly TestCase[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const run = spawnSync(program, [], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 600_000,
    maxBuffer: 256 * 1024 * 1024,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      OCI_VERSION: level,
      OCI_REGISTRY: registry.host,
      OCI_TLS: 'disabled',
      OCI_USERNAME: registry.user,
      OCI_PASSWORD: registry.password,
      // Two levels on one registry must not find each other's content.
      OCI_REPO1: `conformance/${level}/repo1`,
      OCI_REPO2: `conformance/${level}/repo2`,
      OCI_DATA_SHA512: 'true',
      OCI_DATA_SPARSE: 'false',
      OCI_RESULTS_DIR: folder,
    },
  })
  const junit = join(folder, 'junit.xml')
  // The suite ends with 0 when its own settings are wrong: only a report with test cases is a result.
  const cases = existsSync(junit) ? testCases(readFileSync(junit, 'utf8')) : []
  if (cases.length > 0) return cases
  console.log(`the suite left no report (exit ${run.status ?? run.signal ?? run.error?.message}):\n${run.stderr}`)
  return [{ name: 'the suite itself', status: 'failed' }]
}
