import { availableParallelism } from 'node:os'
import type { PublicAddress } from '@roadstead/http/login-servers.ts'
import { readSettings, WrongSettings } from '@roadstead/runtime/settings.ts'
import type { SettingsOf } from '@roadstead/runtime/settings.ts'
import type { WorkerSettings } from '@roadstead/worker-service/worker-service.ts'
import { portFor } from './setting-values.ts'
import type { FirstRegistry, ServiceName } from './setting-values.ts'
import { settingsTable } from './settings-table.ts'
import { embeddedStorage } from './storage-address.ts'
import type { StorageCredentials } from './storage.ts'

export interface Config {
  readonly host: string
  readonly port: number
  /** Absolute. */
  readonly dataFolder: string
  readonly publicAddress: PublicAddress
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined
  readonly adminPassword: string | undefined
  readonly firstRegistry: FirstRegistry | undefined
  /** Undefined for the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined
  /** Most connections that one process has to the database. */
  readonly databaseConnections: number
  /** Undefined: upload sessions live in this process. */
  readonly redisUrl: string | undefined
  /** Address of the storage account of registries that are made. */
  readonly storage: string
  readonly storageCredentials: StorageCredentials
  /** Whether large blobs are fetched from the storage by the client itself, where the storage can give an address. */
  readonly redirects: boolean
  /** What this deployment serves. */
  readonly services: ReadonlySet<ServiceName>
  /** Processes that share the port. */
  readonly workers: number
  /** How the work in the background is done. */
  readonly background: WorkerSettings
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly trustedProxies: readonly string[]
  readonly connectionsPerAddress: number
}

type Environment = Readonly<Record<string, string | undefined>>
type Settings = SettingsOf<typeof settingsTable>

/** Milliseconds. */
const hour = 60 * 60_000

/** Reads all settings. Throws `WrongSettings` with every mistake at once. */
export function readConfig(environment: Environment = process.env): Config {
  const mistakes: string[] = []
  const read = collecting(mistakes, () => readSettings(settingsTable, environment))
  mistakes.push(...mistakesBetween(environment, read))
  if (read === undefined || mistakes.length > 0) throw new WrongSettings(mistakes)
  const { ROADSTEAD_TLS_CERT: certFile, ROADSTEAD_TLS_KEY: keyFile, ROADSTEAD_PUBLIC_URL: publicUrl } = read
  return {
    host: read.ROADSTEAD_HOST,
    port: read.ROADSTEAD_PORT,
    dataFolder: read.ROADSTEAD_DATA_DIR,
    publicAddress: publicUrl ?? {
      scheme: certFile === undefined ? 'http' : 'https',
      rootDomain: read.ROADSTEAD_ROOT_DOMAIN ?? 'localhost',
      port: portFor(certFile === undefined ? 'http' : 'https', read.ROADSTEAD_PORT),
    },
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    adminPassword: read.ROADSTEAD_ADMIN_PASSWORD,
    firstRegistry: read.ROADSTEAD_BOOTSTRAP === 'none' ? undefined : read.ROADSTEAD_BOOTSTRAP,
    databaseUrl: read.DATABASE_URL,
    databaseConnections: read.ROADSTEAD_DATABASE_CONNECTIONS,
    redisUrl: read.REDIS_URL,
    storage: read.ROADSTEAD_STORAGE ?? embeddedStorage,
    storageCredentials: credentialsOf(read),
    redirects: read.ROADSTEAD_REDIRECT === 'auto',
    services: read.ROADSTEAD_SERVICES,
    workers: read.ROADSTEAD_WORKERS ?? usualWorkers(read),
    background: {
      backupRetention: read.ROADSTEAD_BACKUP_RETENTION_HOURS * hour,
      scrub: { bytesPerSecond: read.ROADSTEAD_SCRUB_BYTES_PER_SECOND, every: read.ROADSTEAD_SCRUB_DAYS * 24 * hour },
    },
    logLevel: read.ROADSTEAD_LOG_LEVEL,
    trustedProxies: read.ROADSTEAD_TRUSTED_PROXIES,
    connectionsPerAddress: read.ROADSTEAD_CONNECTIONS_PER_ADDRESS || Number.POSITIVE_INFINITY,
  }
}

/** Variables that look like settings and are none: a slip of the pen, said in the log and otherwise left alone. */
export function unknownSettings(environment: Environment = process.env): readonly string[] {
  return Object.keys(environment).filter((name) => name.startsWith('ROADSTEAD_') && !(name in settingsTable))
}

/** One, unless the processes can share uploads and there is something to share: requests. */
function usualWorkers({ DATABASE_URL, REDIS_URL, ROADSTEAD_SERVICES: services }: Settings): number {
  const answersRequests = services.has('registry') || services.has('auth')
  return DATABASE_URL !== undefined && REDIS_URL !== undefined && answersRequests ? availableParallelism() : 1
}

function credentialsOf(read: Settings): StorageCredentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = read
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined
  return {
    ...(hasKeys && { s3: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) } }),
    ...(read.AZURE_STORAGE_KEY !== undefined && { azure: read.AZURE_STORAGE_KEY }),
  }
}

function collecting<Result>(mistakes: string[], read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof WrongSettings)) throw error
    mistakes.push(...error.mistakes)
    return undefined
  }
}

/** Settings that are right one by one and wrong together. */
function mistakesBetween(environment: Environment, read: Settings | undefined): readonly string[] {
  const mistakes: string[] = []
  const isSet = (name: string): boolean => (environment[name] ?? '') !== ''
  const pair = (one: string, other: string, why: string): void => {
    if (isSet(one) && !isSet(other)) mistakes.push(`${other} is missing: ${one} needs its ${why}`)
  }
  pair('ROADSTEAD_TLS_CERT', 'ROADSTEAD_TLS_KEY', 'key')
  pair('ROADSTEAD_TLS_KEY', 'ROADSTEAD_TLS_CERT', 'certificate')
  if (environment['ROADSTEAD_STORAGE']?.startsWith('s3:') === true) {
    pair('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'secret')
    pair('AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID', 'name')
  }
  const rootDomain = read?.ROADSTEAD_ROOT_DOMAIN
  const publicDomain = read?.ROADSTEAD_PUBLIC_URL?.rootDomain
  if (rootDomain !== undefined && publicDomain !== undefined && rootDomain !== publicDomain) {
    mistakes.push(`ROADSTEAD_PUBLIC_URL names the root domain ${publicDomain}, ROADSTEAD_ROOT_DOMAIN names ${rootDomain}: leave one out`)
  }
  if ((read?.ROADSTEAD_WORKERS ?? 1) > 1 && !isSet('REDIS_URL')) {
    mistakes.push('REDIS_URL is missing: with more than one process (ROADSTEAD_WORKERS) the uploads in progress have to be in Redis')
  }
  return mistakes
}
