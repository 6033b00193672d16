import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Installed } from '../../../../scripts/clients/install.ts'
import type { Fixtures } from '../images/fixtures.ts'
import type { Client } from './client.ts'
import { startContainerd, startDockerd } from './engine.ts'
import type { Engine } from './engine.ts'
import { shell } from './shell.ts'
import { steps } from './steps.ts'
import type { Outcome } from './steps.ts'
import type { Target } from './target.ts'

export interface RunClientOptions {
  readonly registry: Target
  readonly installed: Installed
  readonly images: Fixtures
  /** A short path: sockets are made below it. */
  readonly folder: string
  readonly record: (outcome: Outcome) => void
}

/** Runs one client's script in a home of its own, beside its daemon where it has one. */
export async function runClient(client: Client, options: RunClientOptions): Promise<void> {
  const step = steps(client.name, options.record)
  for (const need of client.needs) {
    const built = options.installed.get(need)
    if (built === undefined || 'skipped' in built) return step.skip(`all of ${client.name}`, built?.skipped ?? `${need} is not installed`)
  }
  if (client.needsRoot && process.getuid?.() !== 0) return step.skip(`all of ${client.name}`, 'it needs root here')
  const folder = join(options.folder, client.name)
  mkdirSync(join(folder, 'runtime'), { recursive: true, mode: 0o700 })

  let engine: Engine | undefined
  try {
    engine = await startEngine(client, options.installed, join(folder, 'engine'))
  } catch (error) {
    return step.skip(`all of ${client.name}`, `${client.engine} does not run here: ${(error as Error).message}`)
  }
  try {
    const $ = shell({
      folder,
      environment: environment(folder, options.registry, engine),
      program: (name) => programOf(options.installed, name),
    })
    await client.script({ step, $, registry: options.registry, folder, images: options.images })
  } catch (error) {
    await step('prepare', () => Promise.reject(error))
  } finally {
    await engine?.stop()
  }
}

function startEngine(client: Client, installed: Installed, folder: string): Promise<Engine> | undefined {
  if (client.engine === 'dockerd') return startDockerd(programOf(installed, 'dockerd'), folder)
  if (client.engine === 'containerd') return startContainerd(programOf(installed, 'containerd'), folder)
  return undefined
}

function programOf(installed: Installed, name: string): string {
  const built = [...installed].find(([client]) => client === name)?.[1]
  return built !== undefined && 'path' in built ? built.path : name
}

function environment(home: string, registry: Target, engine: Engine | undefined): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    TMPDIR: process.env['TMPDIR'],
    XDG_RUNTIME_DIR: join(home, 'runtime'),
    CONTAINERS_STORAGE_CONF: join(home, '.config/containers/storage.conf'),
    // Key pairs of a test have no password; the OCI 1.1 referrers mode is still called an experiment.
    COSIGN_PASSWORD: '',
    COSIGN_EXPERIMENTAL: '1',
    NOTATION_USERNAME: registry.user,
    NOTATION_PASSWORD: registry.password,
    ...(engine === undefined ? {} : { DOCKER_HOST: `unix://${engine.socket}`, CONTAINERD_ADDRESS: engine.socket }),
  }
}
