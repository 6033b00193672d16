import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { answerError } from '@roadstead/http/answer-error.ts'
import { createApp } from '@roadstead/http/create-app.ts'
import { createLoginServers } from '@roadstead/http/login-servers.ts'
import { noSuchPath } from '@roadstead/http/no-such-path.ts'
import { withRegistry } from '@roadstead/http/with-registry.ts'
import { withRequestContext } from '@roadstead/http/with-request-context.ts'
import type { RequestRecord } from '@roadstead/http/with-request-context.ts'
import { createAccessTokens } from '@roadstead/identity/access-tokens.ts'
import { adminAccount, createAuthenticator } from '@roadstead/identity/authenticator.ts'
import { createAuthorizer } from '@roadstead/identity/authorizer.ts'
import { hashPassword } from '@roadstead/identity/password.ts'
import { createSignInLimits } from '@roadstead/identity/sign-in-limits.ts'
import { createSigningKeys } from '@roadstead/identity/signing-keys.ts'
import { createVerifiedPasswords } from '@roadstead/identity/verified-passwords.ts'
import type { AllFacts } from '@roadstead/metadata/metadata.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { formatScope } from '@roadstead/oci/scope.ts'
import { listen } from '@roadstead/runtime/listen.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { createAuthApp } from '../src/app.ts'

export const loginServers = createLoginServers({ scheme: 'http', rootDomain: 'localhost', port: 5000 })

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown> & { readonly errors?: readonly { readonly code: string; readonly message: string }[] }
}

export interface Asked {
  readonly at?: Registry
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | readonly string[]
}

export interface AuthServer {
  readonly port: number
  /** What the log was told of, in order. */
  readonly records: readonly RequestRecord[]
  ask(path: string, asked?: Asked): Promise<Answer>
  get(query: string, asked?: Asked): Promise<Answer>
  /** A form at /oauth2/token. */
  post(fields: readonly (readonly [string, string])[] | string, asked?: Asked): Promise<Answer>
  /** Principal and scopes of the token in the answer, read as a registry does; or status and code of the refusal. */
  granted(answer: Answer, at?: Registry): Promise<unknown>
  close(): Promise<unknown>
}

export interface Registries {
  /** Its admin account may sign in, nobody else. */
  readonly closed: Registry
  /** Anybody may pull. */
  readonly open: Registry
  /** Its admin account is disabled. */
  readonly disabled: Registry
}

/** Three registries; the passwords of each are `one` and `zwei:é +&%`. */
export async function makeRegistries(db: TestDatabase): Promise<Registries> {
  const make = async (name: string, about: { readonly adminEnabled: boolean; readonly anonymousPull?: boolean }): Promise<Registry> => {
    const { registry } = await db.metadata.ensureRegistry({ tenant: 'contoso', name, storage: 'memory:', ...about })
    await db.metadata.credentials.setPassword(registry.id, adminAccount, { slot: 1, hash: await hashPassword('one') })
    await db.metadata.credentials.setPassword(registry.id, adminAccount, { slot: 2, hash: await hashPassword('zwei:é +&%') })
    return registry
  }
  return {
    closed: await make('closed', { adminEnabled: true }),
    open: await make('open', { adminEnabled: true, anonymousPull: true }),
    disabled: await make('disabled', { adminEnabled: false }),
  }
}

const now = (): Date => new Date()

/** In these tests the client says from where it comes, as behind a trusted proxy. */

/** The service behind what every service stands behind. `home` is the registry that is asked unless a test says another. */
export async function startAuthServer(facts: AllFacts, home: Registry): Promise<AuthServer> {
  const records: RequestRecord[] = []
  const keys = createSigningKeys(facts.signingKeys, now)
  const tokens = createAccessTokens({ keys, newId: randomUUID })
  const limits = createSignInLimits({ perAccount: 5, perAddress: 1000, window: 300 })
  const authenticator = createAuthenticator({ credentials: facts.credentials, limits, passwords: createVerifiedPasswords(now) })
  // The tests are the proxy: they say where a request came from.
  const app = createApp(['loopback'])
  app.use(withRequestContext((record) => records.push(record)))
  app.use(withRegistry(loginServers, (label) => facts.registries.find(label)))
  app.use(createAuthApp({ authenticator, authorizer: createAuthorizer(), tokens, keys, loginServers, now }))
  app.use(noSuchPath)
  app.use(answerError)
  const server = await listen({ host: '127.0.0.1', port: 0, handler: app })
  const ask: AuthServer['ask'] = (path, asked = {}) => send(server.port, path, { at: home, ...asked })
  return {
    port: server.port,
    records,
    ask,
    get: (query, asked) => ask(`/oauth2/token${query}`, asked),
    post(fields, asked = {}) {
      const body = typeof fields === 'string' ? fields : new URLSearchParams(fields.map(([name, value]) => [name, value])).toString()
      return ask('/oauth2/token', { method: 'POST', body, ...asked, headers: { ...form, ...asked.headers } })
    },
    async granted({ status, body }, at = home) {
      if (status !== 200) return { status, code: body.errors?.[0]?.code }
      const token = await tokens.verify(String(body['access_token']), {
        registry: at,
        loginServer: loginServers.nameOf(at.label),
        now: now(),
      })
      return { principal: token?.principalId, scopes: token?.scopes.map(formatScope) }
    },
    close: () => server.drain(1000),
  }
}

function send(
  port: number,
  path: string,
  { at, method = 'GET', headers = {}, body = '' }: Asked & { readonly at: Registry },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = typeof body === 'string' && { 'content-length': Buffer.byteLength(body) }
    const sent = { host: loginServers.nameOf(at.label), ...length, ...headers }
    const req = request({ host: '127.0.0.1', port, path, method, headers: sent, agent: false }, (res) => {
      const parts: Buffer[] = []
      res.on('data', (part: Buffer) => parts.push(part))
      res.on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(parts).toString()
        resolve({ status: res.statusCode!, headers: res.headers, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) })
      })
    })
    req.on('error', reject)
    for (const part of typeof body === 'string' ? [body] : body) req.write(part)
    req.end()
  })
}

export const form = { 'content-type': 'application/x-www-form-urlencoded' }

export function basic(text: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

/** What `granted` answers for a refusal, for an admin and for the anonymous principal. */
export const refusal = (status: number, code: string) => ({ status, code })
export const admin = (at: Registry, ...scopes: string[]) => ({ principal: `admin:${at.id}`, scopes })
export const nobody = (...scopes: string[]) => ({ principal: 'anonymous', scopes })
