import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Where Debian's packages redis-server and redis-tools put their programs. */
const server = '/usr/bin/redis-server'
const client = '/usr/bin/redis-cli'

/** Why no Redis can be started here; undefined where one can. */
export const redisMissing: string | undefined = [server, client].every((program) => existsSync(program))
  ? undefined
  : 'skipped: there is no /usr/bin/redis-server here (Debian: apt-get install redis-server)'

/** A Redis server that keeps nothing on a disk, on a port of 127.0.0.1. */
export interface TestRedis {
  readonly port: number
  /** Without a password. */
  readonly url: string
  /** Sends one command as an operator would; answers what redis-cli prints. */
  command(...words: readonly string[]): Promise<string>
  /** Ends it as a crash does; all that it knew is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, after `kill`. */
  restart(): Promise<void>
  /** Keeps its connections open and answers nothing, until `resume`. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  return await firstThatStarts(() => settings)
}

/** Between the look for a free port and the server's start another test may have taken it. */
async function firstThatStarts(
  settingsFor: (freePort: () => Promise<number>) => readonly string[] | Promise<readonly string[]>,
): Promise<TestRedis> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startAt(await freePort(), await settingsFor(freePort))
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

async function startAt(port: number, settings: readonly string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'roadstead-redis-'))
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const command = async (...words: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(client, ['-p', String(port), '-e', ...passwordOf(settings), ...words], { timeout: 5_000 })
    return stdout.trim()
  }
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(server, [...common, ...settings], { stdio: 'ignore' })
    for (let waited = 0; waited < 10_000 && child.exitCode === null; waited += 20) {
      // The process first: on a port that was taken, somebody else's server answers.
      if ((await command('CONFIG', 'GET', 'dir').catch(() => '')).endsWith(folder) && child.exitCode === null) return child
      await sleep(20)
    }
    child.kill('SIGKILL')
    throw new Error(`redis-server on port ${port} does not answer (it ended with ${child.exitCode})`)
  }
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  let running = await start().catch(async (error: unknown) => {
    await remove()
    throw error
  })
  const kill = async (): Promise<void> => {
    if (running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    // A stopped process takes this signal too.
    running.kill('SIGKILL')
    await ended
  }
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command,
    kill,
    restart: async () => void (running = await start()),
    pause: () => void running.kill('SIGSTOP'),
    resume: () => void running.kill('SIGCONT'),
    async close() {
      await kill()
      await remove()
    },
  }
}

export interface TestRedisCluster {
  readonly nodes: readonly TestRedis[]
  /** Addresses of all nodes, comma-separated. */
  readonly urls: string
  close(): Promise<void>
}

/** Three masters that share the slots, without replicas. */
export async function startRedisCluster(): Promise<TestRedisCluster> {
  const buses: number[] = []
  const started = await Promise.allSettled(
    [0, 1, 2].map((index) =>
      firstThatStarts(async (free) => {
        buses[index] = await free()
        return ['--cluster-enabled', 'yes', '--cluster-port', String(buses[index]), '--cluster-node-timeout', '2000']
      }),
    ),
  )
  const nodes = started.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())))
  try {
    const failed = started.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await makeCluster(nodes, buses)
    return { nodes, urls: nodes.map(({ url }) => url).join(','), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** As an operator does it by hand: slots for each, then one introduces the others. */
async function makeCluster(nodes: readonly TestRedis[], buses: readonly number[]): Promise<void> {
  const [first, ...others] = nodes
  const third = Math.ceil(16_384 / nodes.length)
  for (const [index, node] of nodes.entries()) {
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(index * third), String(Math.min(16_384, (index + 1) * third) - 1))
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  for (const [index, { port }] of others.entries()) {
    await first!.command('CLUSTER', 'MEET', '127.0.0.1', String(port), String(buses[index + 1]))
  }
  for (const node of nodes) await untilWhole(node, nodes.length)
}

async function untilWhole(node: TestRedis, size: number): Promise<void> {
  for (let waited = 0; waited < 15_000; waited += 50) {
    const info = await node.command('CLUSTER', 'INFO')
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`)) return
    await sleep(50)
  }
  throw new Error('the nodes of the Redis cluster did not find each other')
}

function passwordOf(settings: readonly string[]): readonly string[] {
  const at = settings.indexOf('--requirepass')
  return at === -1 ? [] : ['--no-auth-warning', '-a', settings[at + 1]!]
}

/** Below the range from which systems take the ports of outgoing connections, of which tests make many. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(20_000 * Math.random())
    const probe = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false))
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
