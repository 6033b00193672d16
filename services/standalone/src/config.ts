import { resolve } from 'node:path'
import type { PublicAddress } from '@roadstead/http/login-servers.ts'
import {
  parseAddresses,
  parseDatabaseUrl,
  parseDomain,
  parseFirstRegistry,
  parsePublicUrl,
  parseStorage,
  portFor,
  readableFile,
} from './setting-values.ts'
import type { FirstRegistry } from './setting-values.ts'
import { embeddedStorage, storageFolder } from './storage-address.ts'
import { integer, notSupported, oneOf, parsed, readSettings, WrongSettings } from '@roadstead/runtime/settings.ts'

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
  /** The default storage account, as its address, and the folder that it names. */
  readonly storage: string
  readonly storageFolder: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly trustedProxies: readonly string[]
  readonly connectionsPerAddress: number
}

const table = {
  ROADSTEAD_HOST: parsed((text) => (/^[A-Za-z0-9.:-]{1,253}$/.test(text) ? text : undefined), {
    wrong: 'has to be an address or a host name',
    example: '0.0.0.0',
    unset: 'localhost',
  }),
  ROADSTEAD_PORT: integer({ from: 0, to: 65_535, unset: 5000 }),
  ROADSTEAD_DATA_DIR: parsed((text) => resolve(text), { wrong: 'has to be a folder', example: './data', unset: resolve('data') }),
  ROADSTEAD_ROOT_DOMAIN: parsed(parseDomain, {
    wrong: 'has to be a domain name, without port',
    example: 'registry.example.com',
    unset: undefined,
  }),
  ROADSTEAD_PUBLIC_URL: parsed(parsePublicUrl, {
    wrong: 'has to be http or https, `*.` and the root domain, with a port if clients use one, and nothing behind it',
    example: 'https://*.registry.example.com',
    unset: undefined,
  }),
  ROADSTEAD_TLS_CERT: parsed(readableFile, {
    wrong: 'has to be a PEM file that can be read',
    example: '/etc/roadstead/tls.crt',
    unset: undefined,
  }),
  ROADSTEAD_TLS_KEY: parsed(readableFile, {
    wrong: 'has to be a PEM file that can be read',
    example: '/etc/roadstead/tls.key',
    unset: undefined,
  }),
  ROADSTEAD_ADMIN_PASSWORD: parsed((text) => (/^[\x21-\x7e]{1,256}$/.test(text) ? text : undefined), {
    wrong: 'has to be 1 to 256 printable ASCII characters without spaces',
    example: 'correct-horse-battery-staple',
    unset: undefined,
  }),
  ROADSTEAD_BOOTSTRAP: parsed(parseFirstRegistry, {
    wrong: 'has to be tenant/registry, both of a-z and 0-9, 62 characters at most together, or empty for none',
    example: 'contoso/myregistry',
    unset: parseFirstRegistry('contoso/myregistry'),
    emptyMeans: 'a value',
  }),
  DATABASE_URL: parsed(parseDatabaseUrl, {
    wrong: 'has to be the address of a PostgreSQL database',
    example: 'postgresql://user:password@host:5432/roadstead',
    unset: undefined,
  }),
  REDIS_URL: notSupported('keeping upload sessions in Redis'),
  ROADSTEAD_STORAGE: parsed(parseStorage, {
    wrong: 'has to be the address of a folder, file:///…; s3:// and azure:// are not supported by this version',
    example: 'file:///var/lib/roadstead/blobs',
    unset: undefined,
  }),
  // Files are streamed through either way.
  ROADSTEAD_REDIRECT: oneOf(['auto', 'off'], 'auto'),
  ROADSTEAD_WORKERS: parsed((text) => (text === '1' ? 1 : undefined), {
    wrong: 'has to be 1: more than one process is not supported by this version',
    example: '1',
    unset: 1,
  }),
  ROADSTEAD_ENTRA_AUTHORITY: notSupported('signing in through a directory'),
  ROADSTEAD_ENTRA_AUDIENCE: notSupported('signing in through a directory'),
  ROADSTEAD_LOG_LEVEL: oneOf(['info', 'debug', 'warn', 'error', 'silent'], 'info'),
  ROADSTEAD_TRUSTED_PROXIES: parsed(parseAddresses, {
    wrong: 'has to be IP addresses or subnets, separated by commas',
    example: '10.0.0.0/8,fd00::/8',
    unset: [],
  }),
  ROADSTEAD_CONNECTIONS_PER_ADDRESS: integer({ from: 0, to: 1_000_000, unset: 0 }),
} as const

/** Reads all settings. Throws `WrongSettings` with every mistake at once. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const mistakes: string[] = []
  const read = collecting(mistakes, () => readSettings(table, environment))
  mistakes.push(...mistakesBetween(environment, read))
  if (read === undefined || mistakes.length > 0) throw new WrongSettings(mistakes)
  const { ROADSTEAD_TLS_CERT: certFile, ROADSTEAD_TLS_KEY: keyFile, ROADSTEAD_PUBLIC_URL: publicUrl } = read
  const storage = read.ROADSTEAD_STORAGE ?? embeddedStorage
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
    storage,
    storageFolder: storageFolder(storage, read.ROADSTEAD_DATA_DIR)!,
    logLevel: read.ROADSTEAD_LOG_LEVEL,
    trustedProxies: read.ROADSTEAD_TRUSTED_PROXIES,
    connectionsPerAddress: read.ROADSTEAD_CONNECTIONS_PER_ADDRESS || Number.POSITIVE_INFINITY,
  }
}

/** Variables that look like settings and are none: a slip of the pen, said in the log and otherwise left alone. */
export function unknownSettings(environment: Readonly<Record<string, string | undefined>> = process.env): readonly string[] {
  return Object.keys(environment).filter((name) => name.startsWith('ROADSTEAD_') && !(name in table))
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
function mistakesBetween(
  environment: Readonly<Record<string, string | undefined>>,
  read: { readonly ROADSTEAD_PUBLIC_URL: PublicAddress | undefined; readonly ROADSTEAD_ROOT_DOMAIN: string | undefined } | undefined,
): readonly string[] {
  const mistakes: string[] = []
  const isSet = (name: string): boolean => (environment[name] ?? '') !== ''
  if (isSet('ROADSTEAD_TLS_CERT') && !isSet('ROADSTEAD_TLS_KEY'))
    mistakes.push('ROADSTEAD_TLS_KEY is missing: ROADSTEAD_TLS_CERT needs its key')
  if (isSet('ROADSTEAD_TLS_KEY') && !isSet('ROADSTEAD_TLS_CERT'))
    mistakes.push('ROADSTEAD_TLS_CERT is missing: ROADSTEAD_TLS_KEY needs its certificate')
  const rootDomain = read?.ROADSTEAD_ROOT_DOMAIN
  const publicDomain = read?.ROADSTEAD_PUBLIC_URL?.rootDomain
  if (rootDomain !== undefined && publicDomain !== undefined && rootDomain !== publicDomain) {
    mistakes.push(`ROADSTEAD_PUBLIC_URL names the root domain ${publicDomain}, ROADSTEAD_ROOT_DOMAIN names ${rootDomain}: leave one out`)
  }
  return mistakes
}
