import { spawn, spawnSync } from 'node:child_process'
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/clients/cache.ts'
import { freePort } from '../runner/server.ts'
import { untilListening } from './object-store.ts'
import type { ObjectStore } from './object-store.ts'

/** The account that every emulator has, with the key that Microsoft publishes for it. */
const ACCOUNT = 'devstoreaccount1'
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='
const SOURCE = join(import.meta.dirname, '../../../../infra/azurite')

let program: string | undefined
/** Why there is no Azurite here; installs it into the cache folder on the first call where that is possible. */
export function azuriteMissing(): string | undefined {
  const { dependencies } = JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8')) as { dependencies: { azurite: string } }
  const folder = join(cacheFolder(), `azurite-${dependencies.azurite}`)
  program = join(folder, 'node_modules/azurite/dist/src/blob/main.js')
  if (existsSync(program)) return undefined
  const fresh = `${folder}-${process.pid}`
  mkdirSync(fresh, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(SOURCE, file), join(fresh, file))
  const install = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fresh, encoding: 'utf8' })
  // Renamed at the end, so that nobody starts half of it. Somebody else may have been faster.
  if (install.status === 0 && !existsSync(folder)) renameSync(fresh, folder)
  rmSync(fresh, { recursive: true, force: true })
  return existsSync(program) ? undefined : `npm ci of azurite failed: ${(install.stderr || install.error?.message || '').slice(-400)}`
}

/** Microsoft's emulator of Azure's blob storage. */
export async function startAzurite(folder: string): Promise<ObjectStore> {
  const data = join(folder, 'azurite')
  mkdirSync(data, { recursive: true })
  const port = await freePort()
  const log = openSync(join(folder, 'azurite.log'), 'a')
  const options = ['--location', data, '--blobHost', '127.0.0.1', '--blobPort', String(port), '--silent']
  const server = spawn(process.execPath, [program!, ...options, '--disableTelemetry', '--skipApiVersionCheck'], {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  await untilListening(server, `http://127.0.0.1:${port}/${ACCOUNT}?comp=list`)
  return {
    storage: 'azure',
    port,
    environmentAt: (at) => ({
      ROADSTEAD_STORAGE: `azure://${ACCOUNT}/e2e?endpoint=http://127.0.0.1:${at}/${ACCOUNT}`,
      AZURE_STORAGE_KEY: KEY,
    }),
    stop: async () => void server.kill('SIGKILL'),
  }
}
