import { randomUUID } from 'node:crypto'
import { createAuthApp } from '@roadstead/auth-service/app.ts'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import type { Ports } from '@roadstead/distribution/ports.ts'
import { createRegistryDirectory } from '@roadstead/distribution/registry-directory.ts'
import { createRunningHashes } from '@roadstead/distribution/running-hashes.ts'
import { createSmallBlobs } from '@roadstead/distribution/small-blobs.ts'
import { createLoginServers } from '@roadstead/http/login-servers.ts'
import type { LoginServers } from '@roadstead/http/login-servers.ts'
import { createAccessTokens } from '@roadstead/identity/access-tokens.ts'
import { createAuthenticator } from '@roadstead/identity/authenticator.ts'
import { createAuthorizer } from '@roadstead/identity/authorizer.ts'
import { createIdentify } from '@roadstead/identity/identify.ts'
import { createSigningKeys } from '@roadstead/identity/signing-keys.ts'
import { createVerifiedPasswords } from '@roadstead/identity/verified-passwords.ts'
import type { AllFacts } from '@roadstead/metadata/metadata.ts'
import type { RegistryLabel } from '@roadstead/oci/login-server.ts'
import type { Registry } from '@roadstead/oci/registry.ts'
import { createRegistryApp } from '@roadstead/registry-service/app.ts'
import { createAdmission } from '@roadstead/registry-service/http/access.ts'
import { createManifestReader } from '@roadstead/registry-service/http/manifest-body.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { RequestHandler } from 'express'
import type { Config } from './config.ts'
import type { ServiceName } from './setting-values.ts'
import type { Shared } from './shared.ts'

export interface ServiceParts {
  readonly facts: AllFacts
  readonly config: Pick<Config, 'publicAddress' | 'redirects' | 'services'>
  readonly storeOf: (registry: Registry) => BlobStore
  readonly shared: Pick<Shared, 'sessions' | 'portableHashes' | 'signInLimits'>
  readonly log: Log
}

export interface Services {
  readonly ports: Ports
  readonly loginServers: LoginServers
  readonly findRegistry: (label: RegistryLabel) => Promise<Registry | undefined>
  /** One for each service that this deployment has. */
  readonly handlers: readonly RequestHandler[]
}

/** Builds the services that one process runs together, on shared ports. */
export function createServices({ facts, config, storeOf, shared, log }: ServiceParts): Services {
  const ports: Ports = {
    metadata: facts,
    blobStore: storeOf,
    sessions: shared.sessions,
    hashes: createRunningHashes(),
    ...(shared.portableHashes !== undefined && { portableHashes: shared.portableHashes }),
    smallBlobs: createSmallBlobs(),
    now,
    newId: randomUUID,
    onBackgroundError: (error) => log.warn('something in the background failed', { error }),
  }
  const loginServers = createLoginServers(config.publicAddress)
  const keys = createSigningKeys(facts.signingKeys, now)
  const tokens = createAccessTokens({ keys, newId: randomUUID })
  const authorizer = createAuthorizer()
  const authenticator = createAuthenticator({
    credentials: facts.credentials,
    limits: shared.signInLimits,
    passwords: createVerifiedPasswords(now),
  })
  const identify = createIdentify({ tokens, authenticator, authorizer, loginServerOf: ({ label }) => loginServers.nameOf(label), now })
  const admission = createAdmission(loginServers, identify)
  const { redirects } = config
  const builders: Readonly<Record<ServiceName, (() => RequestHandler) | undefined>> = {
    auth: () => createAuthApp({ authenticator, authorizer, tokens, keys, loginServers, now }),
    registry: () => createRegistryApp({ redirects, ports, loginServers, admission, readManifest: createManifestReader() }),
    // Answers nobody.
    worker: undefined,
  }
  const handlers = [...config.services].map((name) => builders[name]?.()).filter((handler) => handler !== undefined)
  return { ports, loginServers, findRegistry: createRegistryDirectory(ports), handlers }
}

function now(): Date {
  return new Date()
}
