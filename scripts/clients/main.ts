/** Installs the outside clients and prints which are at hand: `node scripts/clients/main.ts [name…]`. */
import { installClients } from './install.ts'
import { clientNames } from './list.ts'

const asked = process.argv.slice(2)
const names = clientNames.filter((name) => asked.length === 0 || asked.includes(name))
for (const [name, built] of installClients(names)) {
  console.log(`${name.padEnd(16)} ${'path' in built ? built.path : `skipped: ${built.skipped}`}`)
}
