import { spawn } from 'node:child_process'
import { chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runAs } from './account.ts'
import type { Account } from './account.ts'

/** Major version of the binaries; the files of another one cannot be opened. */
const major = '18'

export interface ClusterOptions {
  readonly binaries: string
  readonly folder: string
  readonly serverFolder: string
  readonly account: Account | undefined
  readonly fsync: boolean
}

/** Makes the server's folder where there is none yet. It gets its name when it is complete, so a crash leaves no half one. */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const version = await versionOf(options.serverFolder)
  if (version === major) return
  if (version !== undefined) {
    throw new Error(`${options.serverFolder} was made by PostgreSQL ${version}, and this is ${major}: dump it with the old version first`)
  }
  const unfinished = `${options.serverFolder}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  if (options.account !== undefined) await chown(unfinished, options.account.uid, options.account.gid)
  await initialise(options, unfinished)
  await rename(unfinished, options.serverFolder)
  if (options.fsync) await syncFolder(options.folder)
}

async function versionOf(serverFolder: string): Promise<string | undefined> {
  const text = await readFile(join(serverFolder, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`${serverFolder} cannot be read: it belongs to another user`, { cause: error })
  })
  return text?.trim()
}

async function initialise({ binaries, account, fsync }: ClusterOptions, target: string): Promise<void> {
  const flags = [
    '-D',
    target,
    '-U',
    'roadstead',
    '-A',
    'trust',
    '--locale=C',
    '-E',
    'UTF8',
    '--data-checksums',
    ...(fsync ? [] : ['--no-sync']),
  ]
  const run = await runAs(account, [binaries, target], join(binaries, 'initdb'), flags)
  await new Promise<void>((resolve, reject) => {
    const child = spawn(run.command, run.arguments, {
      ...run.account,
      cwd: target,
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
    child.once('error', (cause) => reject(new Error(`the embedded PostgreSQL could not be started: ${cause.message}`, { cause })))
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`initdb ended with code ${code}: ${complaint.trim()}`))))
  })
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
