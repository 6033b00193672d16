import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { logTail } from './server.ts'

/** A daemon with every file of its own in one folder, so that one which already runs here is left alone. */
export interface Engine {
  readonly socket: string
  stop(): Promise<void>
}

/** Unix socket paths end at 107 bytes: the folder must be short. */
export function startDockerd(program: string, folder: string): Promise<Engine> {
  const socket = join(folder, 'docker.sock')
  const files = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'docker.pid')]
  // Containers here need no network, and dockerd without a bridge leaves the machine's firewall alone.
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false']
  return start(program, ['-H', `unix://${socket}`, ...files, ...network], folder, socket)
}

export function startContainerd(program: string, folder: string): Promise<Engine> {
  const socket = join(folder, 'containerd.sock')
  const config = join(folder, 'config.toml')
  mkdirSync(folder, { recursive: true })
  writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
  const files = ['--root', join(folder, 'root'), '--state', join(folder, 'state'), '--config', config]
  return start(program, ['--address', socket, ...files], folder, socket)
}

async function start(program: string, args: readonly string[], folder: string, socket: string): Promise<Engine> {
  mkdirSync(folder, { recursive: true })
  const logFile = join(folder, 'engine.log')
  const log = openSync(logFile, 'a')
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', log, log] })
  closeSync(log)
  let over = false
  const ended = new Promise<void>((settle) => child.on('close', () => settle()).on('error', () => settle())).then(() => void (over = true))
  const deadline = Date.now() + 30_000
  while (!existsSync(socket)) {
    if (over || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${program} did not start:\n${logTail(logFile)}`)
    }
    await sleep(50)
  }
  return {
    socket,
    stop: async () => {
      child.kill('SIGTERM')
      await Promise.race([ended, sleep(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
      rmSync(socket, { force: true })
    },
  }
}
