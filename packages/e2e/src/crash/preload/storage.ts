import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { storageCall } from '../failpoint.ts'
import { route } from './reached.ts'
import type { Reached } from './reached.ts'

interface Message {
  readonly request: ClientRequest
}

/**
 * Requests that the server makes: `before` when it has one in hand and sent nothing yet, `sent` when its last byte went out, `after` when the answer is there
 * and nobody has read it yet. Node itself tells of them, whatever library makes them.
 */
export function watchStorage(reached: Reached): void {
  // The answer comes in on a socket that may have been opened for another request.
  const routes = new WeakMap<ClientRequest, string>()
  const tell = (request: ClientRequest, when: 'before' | 'sent' | 'after') =>
    reached('storage', storageCall(request.method, request.path), when, routes.get(request))
  subscribe('http.client.request.created', (message) => {
    const { request } = message as Message
    const current = route.getStore()
    if (current !== undefined) routes.set(request, current)
    tell(request, 'before')
  })
  subscribe('http.client.request.start', (message) => tell((message as Message).request, 'sent'))
  subscribe('http.client.response.finish', (message) => tell((message as Message).request, 'after'))
}
