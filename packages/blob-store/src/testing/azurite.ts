import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Microsoft's emulator of Azure's storage: where its program is, or why it is not at hand. */
export type Azurite = { readonly program: string } | { readonly skipped: string }

export interface RunningAzurite {
  readonly endpoint: string
  readonly account: string
  readonly key: string
  stop(): Promise<void>
}

export interface AzuriteOptions {
  /** PEM files; then it speaks https and takes access tokens. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** The account that every emulator has, with the key that Microsoft publishes for it. */
const account = 'devstoreaccount1'
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

const source = join(import.meta.dirname, '../../../../infra/azurite')

function folder(): string {
  const { dependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { dependencies: { azurite: string } }
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'roadstead', `azurite-${dependencies.azurite}`)
}

export function findAzurite(): Azurite {
  const program = join(folder(), 'node_modules/azurite/dist/src/blob/main.js')
  return existsSync(program)
    ? { program }
    : { skipped: 'azurite is not installed: node packages/blob-store/src/testing/install-azurite.ts' }
}

/** Installs it into the cache folder of the user, 360 MB, at the versions of its lock file. Answers at once where that was done before. */
export function installAzurite(): Azurite {
  const found = findAzurite()
  if ('program' in found) return found
  const fresh = `${folder()}-${process.pid}`
  mkdirSync(fresh, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(source, file), join(fresh, file))
  const install = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fresh, encoding: 'utf8' })
  if (install.status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    return { skipped: `npm ci of azurite failed: ${(install.stderr || install.error?.message || '').slice(-400)}` }
  }
  // Renamed at the end, so that nobody starts half of it. Somebody else may have been faster.
  if (existsSync(folder())) rmSync(fresh, { recursive: true, force: true })
  else renameSync(fresh, folder())
  return findAzurite()
}

/** Starts it on a free port of 127.0.0.1, over a folder of its own that `stop` removes. */
export async function startAzurite(program: string, { tls }: AzuriteOptions = {}): Promise<RunningAzurite> {
  const data = await mkdtemp(join(tmpdir(), 'azurite-'))
  const options = [
    '--location',
    data,
    '--blobHost',
    '127.0.0.1',
    '--blobPort',
    '0',
    '--silent',
    '--disableTelemetry',
    '--skipApiVersionCheck',
  ]
  if (tls !== undefined) options.push('--cert', tls.cert, '--key', tls.key, '--oauth', 'basic')
  const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const address = await new Promise<string>((resolve, reject) => {
    let said = ''
    const listen = (text: Buffer) => {
      said += text.toString()
      const found = /successfully listens on (https?:\/\/\S+)/.exec(said)
      if (found !== null) resolve(found[1]!)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`azurite ended with ${code}: ${said.slice(-400)}`)))
  })
  return {
    endpoint: `${address}/${account}`,
    account,
    key,
    async stop() {
      child.kill('SIGTERM')
      const forced = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(forced)
      await rm(data, { recursive: true, force: true })
    },
  }
}
