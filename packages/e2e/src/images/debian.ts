import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/clients/cache.ts'
import { Skip } from '../runner/steps.ts'
import { addContainer, pack } from './container.ts'
import { closeLayout } from './layout.ts'
import type { Layout } from './layout.ts'

export interface Debian {
  /** A build context whose Dockerfile adds one tar file per layer. */
  readonly context: string
  /** The same in OCI form: four layers, tens of megabytes. */
  readonly layout: Layout
}

const PARTS: Readonly<Record<string, readonly string[]>> = {
  'usr-lib': ['./usr/lib'],
  usr: ['./usr/bin', './usr/sbin', './usr/lib64', './usr/share', './bin', './sbin', './lib', './lib64'],
  etc: ['./etc', './root', './home', './opt', './srv', './tmp', './run', './proc', './sys', './dev/null'],
  var: ['./var'],
}

/** A real distribution's base system, bootstrapped once and cached. Throws Skip where that cannot be done. */
export function makeDebian(debootstrap: string | undefined): Debian {
  const home = join(cacheFolder(), 'images', 'debian-bookworm')
  const context = join(home, 'context')
  const folder = join(home, 'layout')
  if (!existsSync(home)) bootstrap(debootstrap, home)
  const layers = Object.keys(PARTS).map((part) => join(home, `${part}.tar.gz`))
  const command = ['cat', '/etc/debian_version']
  return { context, layout: closeLayout(folder, 'v1', addContainer(folder, layers, { architecture: 'amd64', command })) }
}

function bootstrap(debootstrap: string | undefined, home: string): void {
  if (debootstrap === undefined) throw new Skip('debootstrap is not installed')
  if (process.getuid?.() !== 0) throw new Skip('debootstrap needs root')
  const fresh = `${home}.${process.pid}`
  const root = join(fresh, 'root')
  const context = join(fresh, 'context')
  mkdirSync(context, { recursive: true })
  const made = spawnSync(debootstrap, ['--variant=minbase', 'bookworm', root], { encoding: 'utf8' })
  if (made.status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    throw new Skip(`debootstrap ended with ${made.status}: ${`${made.stdout}\n${made.stderr}`.trim().split('\n').at(-1)}`)
  }
  for (const bulk of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/locale', 'usr/share/man']) {
    rmSync(join(root, bulk), { recursive: true, force: true })
  }
  for (const [part, folders] of Object.entries(PARTS)) {
    pack(root, join(context, `${part}.tar`), ...folders)
    pack(root, join(fresh, `${part}.tar.gz`), ...folders)
  }
  const adds = Object.keys(PARTS).map((part) => `ADD ${part}.tar /`)
  writeFileSync(join(context, 'Dockerfile'), ['FROM scratch', ...adds, 'CMD ["cat", "/etc/debian_version"]', ''].join('\n'))
  rmSync(root, { recursive: true })
  renameSync(fresh, home)
}
