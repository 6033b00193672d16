import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where built clients and other slow fixtures are kept between runs; outside the repository on purpose. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'roadstead')
}
