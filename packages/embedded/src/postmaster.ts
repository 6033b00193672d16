import { spawnSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a running server writes into its folder: the first line is its pid, the eighth its state. */
export async function readPostmaster(serverFolder: string): Promise<{ readonly pid: number; readonly ready: boolean } | undefined> {
  const text = await readFile(join(serverFolder, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const lines = text.split('\n')
  return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Ends what an earlier process of ours, killed without a chance to stop it, left behind on this folder. The caller holds the folder's
 * lock, so nobody else can need that server. A fresh one has today's binaries and settings, and costs a tenth of a second.
 */
export async function endLeftover(serverFolder: string, log: (message: string) => void): Promise<void> {
  const found = await readPostmaster(serverFolder)
  if (found === undefined || !Number.isInteger(found.pid) || found.pid <= 1) {
    // A file without a pid is one whose writer died in the middle; PostgreSQL itself would refuse to start over it.
    if (found !== undefined) await rm(join(serverFolder, 'postmaster.pid'), { force: true })
    return
  }
  if (!isAlive(found.pid)) return
  if (!(await serves(found.pid, serverFolder))) return await forgetPid(serverFolder)
  log(`stopping the PostgreSQL server ${found.pid} that an earlier process left running`)
  process.kill(found.pid, 'SIGINT')
  if (await gone(found.pid, 30_000)) return
  process.kill(found.pid, 'SIGQUIT')
  if (!(await gone(found.pid, 10_000))) throw new Error(`the PostgreSQL server ${found.pid} on ${serverFolder} does not stop`)
}

export async function gone(pid: number, milliseconds: number): Promise<boolean> {
  for (let waited = 0; isAlive(pid); waited += 10) {
    if (waited >= milliseconds) return false
    await sleep(10)
  }
  return true
}

/** Whether that process is the server of this folder: the pid may belong to any other process by now. */
async function serves(pid: number, serverFolder: string): Promise<boolean> {
  // Not /proc/<pid>/cwd, which root may not read of another account in a container.
  const command =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      : spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  const words = command.split(/[\0 ]/)
  return words[0]?.endsWith('/postgres') === true && command.includes(serverFolder)
}

/**
 * A container gives the same few pids out again after a restart, and PostgreSQL refuses to start while a process with the pid of its
 * file lives. The file stays otherwise, since PostgreSQL uses the rest of it to detect backends that outlived their postmaster.
 */
async function forgetPid(serverFolder: string): Promise<void> {
  const file = join(serverFolder, 'postmaster.pid')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, ['2147483647', ...lines.slice(1)].join('\n'))
}
