import type { ClientName } from '../../../../scripts/clients/list.ts'
import type { Fixtures } from '../images/fixtures.ts'
import type { Shell } from './shell.ts'
import type { Step } from './steps.ts'
import type { Target } from './target.ts'

/** What a client's script works with. */
export interface Session {
  readonly step: Step
  /** Runs commands in a folder and a home directory of this client's own. */
  readonly $: Shell
  readonly registry: Target
  /** That folder, absolute. */
  readonly folder: string
  readonly images: Fixtures
}

/** One outside client: what must be installed for it, and what its user does. */
export interface Client {
  readonly name: string
  readonly needs: readonly ClientName[]
  readonly needsRoot?: true
  /** A daemon that the client talks to; its socket is in the environment of `$`. */
  readonly engine?: 'dockerd' | 'containerd'
  readonly script: (session: Session) => Promise<void>
}
