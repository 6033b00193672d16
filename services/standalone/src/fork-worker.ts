import cluster from 'node:cluster'
import type { WorkerProcess } from '@roadstead/runtime/worker-processes.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

/** A worker process that can be talked to. */
export interface ForkedWorker extends WorkerProcess {
  readonly id: number
  send(message: ToWorker): void
  onMessage(hear: (message: FromWorker) => void): void
}

/** A worker could not start. The message is a sentence for whoever started the program. */
export class WorkerCannotStart extends Error {
  override readonly name = 'WorkerCannotStart'
}

/** Starts this program once more, with these variables beside its own. Secrets go the same way as they came: not by the command line. */
export function forkWorker(environment: Readonly<Record<string, string>>): ForkedWorker {
  const worker = cluster.fork(environment)
  const ended = new Promise<string>((resolve) => {
    worker.once('exit', (code, signal) => resolve((signal as string | null) ?? `code ${code}`))
    worker.once('error', (error) => resolve(error.message))
  })
  const onMessage = (hear: (message: FromWorker) => void): void => void worker.on('message', hear)
  const ready = new Promise<void>((resolve, reject) => {
    onMessage((message) => {
      if (message.kind === 'ready') resolve()
      if (message.kind === 'cannot start') reject(new WorkerCannotStart(message.reason))
    })
    void ended.then((how) => reject(new WorkerCannotStart(`a worker process ended with ${how} before it was ready`)))
  })
  // It may have gone a moment ago.
  const send = (message: ToWorker): void => void (worker.isConnected() && worker.send(message, undefined, () => undefined))
  return {
    id: worker.id,
    pid: worker.process.pid,
    ready,
    ended,
    onMessage,
    send,
    retire: () => send({ kind: 'retire' }),
    stop: () => void worker.process.kill('SIGTERM'),
    kill: () => void worker.process.kill('SIGKILL'),
  }
}
