import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { Reached } from './reached.ts'

interface Command {
  readonly name: string
  readonly promise: Promise<unknown>
}

interface Driver {
  readonly Redis: { readonly prototype: { sendCommand: (command: Command, ...rest: unknown[]) => unknown } }
}

/** Commands of ioredis by their names in lower case. */
export function watchRedis(reached: Reached): void {
  const { Redis } = createRequire(resolve(import.meta.dirname, '../../../../upload-sessions/package.json'))('ioredis') as Driver
  const original = Redis.prototype.sendCommand
  Redis.prototype.sendCommand = function (command, ...rest) {
    const name = command.name.toLowerCase()
    reached('redis', name, 'before')
    // First in the line of those who hear of the reply.
    command.promise.then(
      () => reached('redis', name, 'after'),
      () => undefined,
    )
    const result = original.call(this, command, ...rest)
    reached('redis', name, 'sent')
    return result
  }
}
