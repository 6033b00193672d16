/** Checks who imports whom in all packages and services against `layers/table.ts`. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { violations } from './layers/violations.ts'

const root = resolve(import.meta.dirname, '..')
const folders = globSync('{packages,services}/*/package.json', { cwd: root }).map((file) => dirname(file))
const files = globSync('{packages,services}/*/{src,test}/**/*.ts', { cwd: root })
  .sort()
  .map((path) => ({ path, text: readFileSync(resolve(root, path), 'utf8') }))

const found = violations(files, folders)
for (const sentence of found) console.error(sentence)
console.log(`${files.length} files, ${found.length} imports against the table of layers`)
process.exitCode = found.length === 0 ? 0 : 1
