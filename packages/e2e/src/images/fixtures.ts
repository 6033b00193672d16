import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeBusybox } from './busybox.ts'
import type { Busybox } from './busybox.ts'
import { makeDebian } from './debian.ts'
import type { Debian } from './debian.ts'
import type { Layout } from './layout.ts'
import { makeWindows } from './windows.ts'

/** What the clients push. */
export interface Fixtures {
  readonly busybox: Busybox
  readonly windows: Layout
  /** Made when first asked for: slow on a cold cache. Throws Skip where it cannot be made. */
  readonly debian: () => Debian
}

export function makeFixtures(programs: { readonly busybox: string; readonly debootstrap: string | undefined }, folder: string): Fixtures {
  mkdirSync(folder, { recursive: true })
  let debian: Debian | undefined
  return {
    busybox: makeBusybox(programs.busybox, folder),
    windows: makeWindows(join(folder, 'windows')),
    debian: () => (debian ??= makeDebian(programs.debootstrap)),
  }
}
