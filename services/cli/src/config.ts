import { readConfig } from '@roadstead/standalone-service/config.ts'
import type { Config } from '@roadstead/standalone-service/config.ts'

/** Options of the command line that stand above the environment. */
export interface Overrides {
  readonly databaseUrl?: string
  readonly dataDir?: string
}

/** The settings of the server, from the same variables. Throws `WrongSettings`. */
export function readInstallationConfig({ databaseUrl, dataDir }: Overrides, environment = process.env): Config {
  return readConfig({
    ...environment,
    // Whoever checks an installation need not be able to read the key of its certificate.
    ROADSTEAD_TLS_CERT: undefined,
    ROADSTEAD_TLS_KEY: undefined,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    ...(dataDir !== undefined && { ROADSTEAD_DATA_DIR: dataDir }),
  })
}
