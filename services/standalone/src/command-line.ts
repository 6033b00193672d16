import { readFileSync } from 'node:fs'

/** The version of this Roadstead. */
export const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string })
  .version

export const usage = `Roadstead ${version}: a container registry, all of it by one command.

usage: npm start [-- --help | --version]

Everything is set by environment variables:

  ROADSTEAD_HOST, ROADSTEAD_PORT          where it listens: localhost (both loopback addresses), 5000
  ROADSTEAD_DATA_DIR                      everything embedded lives here: ./data
  ROADSTEAD_ROOT_DOMAIN                   login servers are <registry>-<tenant>.<root domain>: localhost
  ROADSTEAD_PUBLIC_URL                    what clients see when a proxy is in front: https://*.registry.example.com
  ROADSTEAD_TLS_CERT, ROADSTEAD_TLS_KEY   PEM files; then it speaks HTTPS, and reloads them when they change
  ROADSTEAD_BOOTSTRAP                     tenant/registry made on the first start: contoso/myregistry; empty for none
  ROADSTEAD_ADMIN_PASSWORD                password of that registry's admin account: random, printed once
  DATABASE_URL                            a PostgreSQL >= 15: embedded
  ROADSTEAD_DATABASE_CONNECTIONS          most connections of one process to it: 16
  REDIS_URL                               a Redis >= 7, or the nodes of a cluster with commas between: uploads stay in the process
  ROADSTEAD_STORAGE                       where blobs are kept, file:///dir, s3://bucket/prefix?…, azure://account/container: in the data folder
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AZURE_STORAGE_KEY
                                          keys of the storage: the identity that the platform gives
  ROADSTEAD_REDIRECT                      auto: clients fetch large blobs from S3 or Azure themselves; off: never
  ROADSTEAD_SERVICES                      what this one serves, some of registry,auth,worker: all
  ROADSTEAD_WORKERS                       processes that share the port: the number of cores with DATABASE_URL and REDIS_URL, else 1
  ROADSTEAD_LOG_LEVEL                     debug, info, warn, error or silent: info
  ROADSTEAD_TRUSTED_PROXIES               addresses and subnets of proxies whose X-Forwarded-For counts: none
  ROADSTEAD_CONNECTIONS_PER_ADDRESS       most connections from one address, 0 for no limit: 0
`

/** What the arguments ask for. Anything but the two flags is a mistake. */
export function readArguments(parameters: readonly string[]): 'start' | 'help' | 'version' | 'wrong' {
  if (parameters.length === 0) return 'start'
  if (parameters.length > 1) return 'wrong'
  if (parameters[0] === '--help' || parameters[0] === '-h') return 'help'
  return parameters[0] === '--version' ? 'version' : 'wrong'
}
