import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './cache.ts'
import type { GoClient } from './list.ts'

export type Built = { readonly path: string } | { readonly skipped: string }

/**
 * Builds a client once and keeps the program in the cache folder.
 *
 * A module of one line requires the client, instead of `go install package@version`: that command refuses modules with
 * `replace` directives and asks for the list of all versions, which not every module proxy serves.
 */
export function buildGo(name: string, client: GoClient): Built {
  const folder = join(cacheFolder(), 'clients', `${name}-${client.version.replace(/^v/, '')}`)
  const path = join(folder, name)
  if (existsSync(path)) return { path }
  const go = ['go', '/usr/local/go/bin/go'].find((program) => spawnSync(program, ['version']).status === 0)
  if (go === undefined) return { skipped: 'building it needs Go, which is not installed' }

  const module = join(folder, `module-${process.pid}`)
  const fresh = join(module, name)
  try {
    mkdirSync(module, { recursive: true })
  } catch (error) {
    return { skipped: `the cache folder is not writable: ${(error as Error).message}` }
  }
  writeFileSync(join(module, 'go.mod'), `module roadstead.test/${name}\n\ngo 1.26\n\nrequire ${client.module} ${client.version}\n`)
  const build = spawnSync('nice', ['-n', '10', go, 'build', '-trimpath', '-ldflags=-s -w', '-o', fresh, client.main], {
    cwd: module,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false -p=2' },
    encoding: 'utf8',
  })
  writeFileSync(join(folder, 'build.log'), build.stderr)
  if (build.status !== 0) {
    rmSync(module, { recursive: true, force: true })
    return { skipped: `go build of ${client.main}@${client.version} failed: ${reason(build.stderr)}` }
  }
  // Renamed at the end, so that a second run beside this one never starts half a program.
  renameSync(fresh, path)
  rmSync(module, { recursive: true, force: true })
  return { path }
}

function reason(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('go: downloading'))
  return lines.slice(-2).join(' ').replace(/\s+/g, ' ').slice(0, 400)
}
