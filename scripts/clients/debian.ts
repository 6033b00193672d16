import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { DebianClient } from './list.ts'

/**
 * Installs what is missing of these clients in one `apt-get install`.
 * Answers why that was not possible, or undefined.
 */
export function installDebian(wanted: readonly DebianClient[]): string | undefined {
  const missing = wanted.filter((client) => !existsSync(client.program))
  if (missing.length === 0) return undefined
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get here'
  if (process.getuid?.() !== 0) return 'installing Debian packages needs root'
  const packages = [...new Set(missing.flatMap((client) => client.packages))]
  let problem = install(packages)
  if (problem !== undefined) {
    // A fresh machine has no package lists, or lists that name versions which are gone.
    spawnSync('apt-get', ['update'], { stdio: 'ignore' })
    problem = install(packages)
  }
  // Where systemd runs, this package starts a registry on the port that Roadstead wants.
  if (packages.includes('docker-registry')) spawnSync('systemctl', ['disable', '--now', 'docker-registry'])
  return problem
}

function install(packages: readonly string[]): string | undefined {
  const apt = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  })
  if (apt.status === 0) return undefined
  const errors = apt.stderr.split('\n').filter((line) => line.startsWith('E:'))
  return `apt-get install ended with ${apt.status}: ${errors.join(' ') || 'no reason given'}`
}
