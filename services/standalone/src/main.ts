import { enableCompileCache } from 'node:module'

// Before anything else is loaded, so that all of it comes from the cache on later starts.
enableCompileCache()

const { main } = await import('./standalone.ts')
await main(process.argv.slice(2))
