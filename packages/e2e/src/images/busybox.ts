import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OCI_INDEX } from '../raw/repository.ts'
import { addContainer, pack } from './container.ts'
import { addJson, closeLayout } from './layout.ts'
import type { Layout } from './layout.ts'

export const GREETING = 'hello from the roadstead'

export interface Busybox {
  /** A build context: Dockerfile, busybox and a file. */
  readonly context: string
  /** Two layers, linux/amd64. */
  readonly single: Layout
  /** An index of linux/amd64 and linux/arm64. */
  readonly multi: Layout
}

/** The smallest thing that runs: Debian's static busybox and a file to print. */
export function makeBusybox(busybox: string, folder: string): Busybox {
  const context = join(folder, 'busybox-context')
  const root = join(context, 'root')
  mkdirSync(join(root, 'bin'), { recursive: true })
  copyFileSync(busybox, join(root, 'bin/busybox'))
  for (const name of ['sh', 'cat', 'ls']) symlinkSync('busybox', join(root, 'bin', name))
  mkdirSync(join(context, 'etc'))
  writeFileSync(join(context, 'etc/greeting'), `${GREETING}\n`)
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY root /\nCOPY etc/greeting /etc/greeting\nENV PATH=/bin\nCMD ["cat", "/etc/greeting"]\n',
  )

  const layers = [pack(root, join(folder, 'busybox.tar.gz')), pack(context, join(folder, 'greeting.tar.gz'), 'etc')]
  const command = ['cat', '/etc/greeting']
  const single = join(folder, 'busybox')
  const multi = join(folder, 'multi')
  const amd64 = addContainer(multi, layers, { architecture: 'amd64', command })
  // Nothing in it runs on arm64; what matters is a second platform with content of its own.
  const arm64 = addContainer(multi, layers.slice(1), { architecture: 'arm64', command })
  const index = addJson(multi, OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [amd64, arm64] })
  return {
    context,
    single: closeLayout(single, 'v1', addContainer(single, layers, { architecture: 'amd64', command })),
    multi: closeLayout(multi, 'v1', index),
  }
}
