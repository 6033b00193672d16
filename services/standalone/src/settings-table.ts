import { resolve } from 'node:path'
import { accountKey } from '@roadstead/blob-store/azure/credential.ts'
import { integer, notSupported, oneOf, parsed } from '@roadstead/runtime/settings.ts'
import {
  parseAddresses,
  parseDatabaseUrl,
  parseDomain,
  parseFirstRegistry,
  parsePublicUrl,
  parseRedisUrl,
  parseServices,
  readableFile,
} from './setting-values.ts'
import { parseStorage } from './storage-address.ts'

const secret = { wrong: 'has to be printable ASCII characters without spaces', example: '', unset: undefined }
const printable = (text: string): string | undefined => (/^[\x21-\x7e]{1,4096}$/.test(text) ? text : undefined)

/** Every variable that is read, and how. */
export const settingsTable = {
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
  ROADSTEAD_DATABASE_CONNECTIONS: integer({ from: 2, to: 1000, unset: 16 }),
  REDIS_URL: parsed(parseRedisUrl, {
    wrong: 'has to be the address of a Redis, or those of the nodes of a cluster with commas between them',
    example: 'redis://host:6379',
    unset: undefined,
  }),
  ROADSTEAD_STORAGE: parsed(parseStorage, {
    wrong:
      'has to be the address of a folder (file:///dir), a bucket (s3://bucket/prefix?region=…) or a container (azure://account/container), without credentials',
    example: 's3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1&pathStyle=true',
    unset: undefined,
  }),
  AWS_ACCESS_KEY_ID: parsed(printable, secret),
  AWS_SECRET_ACCESS_KEY: parsed(printable, secret),
  AWS_SESSION_TOKEN: parsed(printable, secret),
  AZURE_STORAGE_KEY: parsed(accountKey, {
    wrong: 'has to be the key of the storage account in base64',
    example: '',
    unset: undefined,
  }),
  ROADSTEAD_REDIRECT: oneOf(['auto', 'off'], 'auto'),
  ROADSTEAD_SERVICES: parsed(parseServices, {
    wrong: 'has to be some of registry, auth, worker, with commas between them',
    example: 'registry,auth,worker',
    unset: parseServices('registry,auth,worker')!,
  }),
  ROADSTEAD_WORKERS: parsed((text) => (/^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : undefined), {
    wrong: 'has to be a whole number from 1 to 999',
    example: '4',
    unset: undefined,
  }),
  ROADSTEAD_BACKUP_RETENTION_HOURS: integer({ from: 0, to: 8760, unset: 24 }),
  ROADSTEAD_SCRUB_BYTES_PER_SECOND: integer({ from: 0, to: 10_000_000_000, unset: 10_485_760 }),
  ROADSTEAD_SCRUB_DAYS: integer({ from: 1, to: 3650, unset: 30 }),
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
