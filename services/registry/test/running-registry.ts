import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { createMemoryStore } from '@roadstead/blob-store/memory.ts'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import type { Ports } from '@roadstead/distribution/ports.ts'
import { createRegistryDirectory } from '@roadstead/distribution/registry-directory.ts'
import { createRunningHashes } from '@roadstead/distribution/running-hashes.ts'
import { createSmallBlobs } from '@roadstead/distribution/small-blobs.ts'
import { answerError } from '@roadstead/http/answer-error.ts'
import { createApp } from '@roadstead/http/create-app.ts'
import { createLoginServers } from '@roadstead/http/login-servers.ts'
import { noSuchPath } from '@roadstead/http/no-such-path.ts'
import { withRegistry } from '@roadstead/http/with-registry.ts'
import { withRequestContext } from '@roadstead/http/with-request-context.ts'
import type { RequestRecord } from '@roadstead/http/with-request-context.ts'
import { createAccessTokens } from '@roadstead/identity/access-tokens.ts'
import { createAuthenticator } from '@roadstead/identity/authenticator.ts'
import { createAuthorizer } from '@roadstead/identity/authorizer.ts'
import type { Authorizer } from '@roadstead/identity/authorizer.ts'
import { createIdentify } from '@roadstead/identity/identify.ts'
import { hashPassword } from '@roadstead/identity/password.ts'
import { adminPrincipal } from '@roadstead/identity/principal.ts'
import { createSignInLimits } from '@roadstead/identity/sign-in-limits.ts'
import { createSigningKeys } from '@roadstead/identity/signing-keys.ts'
import { createVerifiedPasswords } from '@roadstead/identity/verified-passwords.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { parseScopes } from '@roadstead/oci/scope.ts'
import { listen } from '@roadstead/runtime/listen.ts'
import { testDatabase } from '@roadstead/testing/database.ts'
import type { TestDatabase } from '@roadstead/testing/database.ts'
import { createInProcessSessions } from '@roadstead/upload-sessions/in-process.ts'
import { createRegistryApp } from '../src/app.ts'
import { createAdmission } from '../src/http/access.ts'
import { createManifestReader } from '../src/http/manifest-body.ts'

export const password = 'a-password-for-tests'

export interface RunningRegistry {
  readonly port: number
  readonly test: TestDatabase
  readonly ports: Ports
  readonly store: BlobStore
  /** `contoso/myregistry`, and `fabrikam/myregistry`, a neighbour with the same names inside. */
  readonly registry: Registry
  readonly neighbour: Registry
  /** Every request that is over, in order. */
  readonly records: readonly RequestRecord[]
  /** The clock that all rules and tokens use, moved by `advance`. */
  readonly advance: (milliseconds: number) => void
  /** Value of Authorization for the admin of the registry, with these scopes. */
  readonly bearer: (scopes: string, registry?: Registry) => Promise<string>
  /** Host header of the registry. */
  readonly hostOf: (registry: Registry) => string
  readonly close: () => Promise<void>
}

/** The real service on a real database, with bytes in `store`, behind a real socket. */
export async function startRegistry(
  wanted: {
    readonly store?: BlobStore
    readonly anonymousPull?: boolean
    readonly authorizer?: Authorizer
    readonly redirects?: boolean
    /** What goes wrong in the background fails the request, unless a test expects it. */
    readonly onBackgroundError?: (error: unknown) => void
  } = {},
): Promise<RunningRegistry> {
  let offset = 0
  const now = (): Date => new Date(Date.now() + offset)
  const test = await testDatabase()
  const { metadata } = test
  const [registry, neighbour] = await Promise.all(
    ['contoso', 'fabrikam'].map(async (tenant) => {
      const { anonymousPull = false } = wanted
      const made = await metadata.ensureRegistry({ tenant, name: 'myregistry', storage: 'memory:', adminEnabled: true, anonymousPull })
      await metadata.credentials.setPassword(made.registry.id, 'admin', { slot: 1, hash: await hashPassword(password) })
      return made.registry
    }),
  )
  const store = wanted.store ?? createMemoryStore({ now })
  const ports: Ports = {
    metadata,
    blobStore: () => store,
    sessions: createInProcessSessions({ now }),
    hashes: createRunningHashes(),
    smallBlobs: createSmallBlobs(),
    now,
    newId: randomUUID,
    onBackgroundError:
      wanted.onBackgroundError ??
      ((error) => {
        throw error
      }),
  }
  const port = await freePort()
  const loginServers = createLoginServers({ scheme: 'http', rootDomain: 'localhost', port })
  const accessTokens = createAccessTokens({ keys: createSigningKeys(metadata.signingKeys, now), newId: randomUUID })
  const { authorizer = createAuthorizer() } = wanted
  const authenticator = createAuthenticator({
    credentials: metadata.credentials,
    limits: createSignInLimits(),
    passwords: createVerifiedPasswords(now),
  })
  const identify = createIdentify({
    tokens: accessTokens,
    authenticator,
    authorizer,
    loginServerOf: ({ label }) => loginServers.nameOf(label),
    now,
  })
  const records: RequestRecord[] = []
  const app = createApp()
  app.use(withRequestContext((record) => records.push(record)))
  app.use(withRegistry(loginServers, createRegistryDirectory(ports)))
  app.use(
    createRegistryApp({
      redirects: wanted.redirects ?? false,
      ports,
      loginServers,
      admission: createAdmission(loginServers, identify),
      readManifest: createManifestReader(),
    }),
  )
  app.use(noSuchPath)
  app.use(answerError)
  const listening = await listen({ host: '127.0.0.1', port, handler: app })
  return {
    port,
    test,
    ports,
    store,
    registry: registry!,
    neighbour: neighbour!,
    records,
    advance: (milliseconds) => {
      offset += milliseconds
    },
    hostOf: ({ label }) => loginServers.nameOf(label),
    bearer: async (scopes, of = registry!) => {
      const loginServer = loginServers.nameOf(of.label)
      const issued = await accessTokens.issue({
        registry: of,
        loginServer,
        principal: adminPrincipal(of),
        scopes: parseScopes([scopes]),
        now: now(),
      })
      return `Bearer ${issued.token}`
    },
    close: async () => {
      await listening.drain(1000)
      await test.close()
    },
  }
}

/** Login servers carry the port, so it has to be known before anybody listens. */
async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
