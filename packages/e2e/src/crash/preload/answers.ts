import { Server, ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { routeOf } from '../failpoint.ts'
import { route } from './reached.ts'
import type { Reached } from './reached.ts'

/** Lets every later call know on behalf of which request it is made. */
export function watchRequests(): void {
  const original = Server.prototype.emit
  Server.prototype.emit = function (event: string | symbol, ...values: unknown[]): boolean {
    const go = (): boolean => original.call(this, event, ...values)
    if (event !== 'request' && event !== 'checkContinue') return go()
    return route.run(routeOfRequest(values[0] as IncomingMessage), go)
  }
}

/** Answers to clients by their status: before anything of them is sent, and when all of it is with the kernel. */
export function watchAnswers(reached: Reached): void {
  const original = ServerResponse.prototype.end
  ServerResponse.prototype.end = function (this: ServerResponse, ...values: unknown[]) {
    const during = routeOfRequest(this.req)
    const status = String(this.statusCode)
    reached('answer', status, 'before', during)
    this.once('finish', () => reached('answer', status, 'after', during))
    return Reflect.apply(original, this, values) as ServerResponse
  } as typeof original
}

function routeOfRequest({ method, url }: IncomingMessage): string {
  return routeOf(method ?? '', url ?? '')
}
