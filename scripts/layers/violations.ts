import { posix } from 'node:path'
import { environmentReads, importsOf } from './imports.ts'
import type { Import } from './imports.ts'
import { assemblies, builtByMain, environmentReader, frameworks, httpModules, layers, testInside, testOutside } from './table.ts'
import type { Layer } from './table.ts'

export interface SourceFile {
  /** From the root of the repository, with `/`: `packages/oci/src/digest.ts`. */
  readonly path: string
  readonly text: string
}

/** All that breaks the table, one sentence each, `path:line …`. `packages` names the folders: `packages/oci`, `services/auth`. */
export function violations(files: readonly SourceFile[], folders: readonly string[]): readonly string[] {
  return [...files.flatMap((file) => violationsOf(file, folders)), ...sharedLibraries(files)]
}

function violationsOf(file: SourceFile, folders: readonly string[]): readonly string[] {
  const folder = folderOf(file.path)
  const layer = layers.find((entry) => entry.folder === folder || entry.folder === `${folder.split('/')[0]}/*`)
  if (layer === undefined) return [`${file.path}:1 belongs to no layer: add ${folder} to scripts/layers/table.ts`]
  const imports = importsOf(file.text).flatMap((found) => {
    const reason = reasonAgainst(found, file, layer, folders)
    return reason === undefined ? [] : [`${file.path}:${found.line} imports ${found.from}; ${reason}`]
  })
  const mayRead = layer.readsEnvironment === true || isTest(file.path) || posix.basename(file.path) === environmentReader
  const reads = mayRead
    ? []
    : environmentReads(file.text).map((line) => `${file.path}:${line} reads the environment; allowed: ${environmentReader}`)
  return [...imports, ...reads]
}

function reasonAgainst({ from, typeOnly }: Import, file: SourceFile, layer: Layer, folders: readonly string[]): string | undefined {
  if (from.startsWith('.')) return reasonAgainstPath(from, file, layer)
  if (from.startsWith('node:')) {
    return httpModules.includes(from) && !typeOnly && layer.speaksHttp === undefined && !isTest(file.path)
      ? 'allowed: no HTTP in this folder'
      : undefined
  }
  if (from.startsWith('@roadstead/')) return reasonAgainstInside(from, typeOnly, file, layer, folders)
  return reasonAgainstOutside(from, file, layer)
}

function reasonAgainstPath(from: string, file: SourceFile, layer: Layer): string | undefined {
  if (!/\.(ts|json|mjs)$/.test(from)) return 'a relative import names its file with the ending'
  const target = posix.join(posix.dirname(file.path), from)
  if (layer.byPath?.includes(folderOf(target)) === true) return undefined
  return folderOf(target) === folderOf(file.path) ? undefined : 'a relative import stays in its folder: import by package name'
}

function reasonAgainstInside(
  from: string,
  typeOnly: boolean,
  file: SourceFile,
  layer: Layer,
  folders: readonly string[],
): string | undefined {
  const [, name = '', ...rest] = from.split('/')
  const service = name.endsWith('-service')
  const target = service ? name.slice(0, -'-service'.length) : name
  const targetFolder = `${service ? 'services' : 'packages'}/${target}`
  const own = folderOf(file.path)
  if (!folders.includes(targetFolder)) return 'there is no such package'
  if (targetFolder === own) return 'a file of its own folder is imported by path'
  if (!rest.join('/').endsWith('.ts')) return 'allowed: @roadstead/<package>/<file>.ts'
  const allowed = [...layer.inside, ...(isTest(file.path) ? testInside : [])]
  const permitted = allowed.includes(service ? 'services' : 'packages') || (!service && allowed.includes(target))
  if (permitted) return reasonAgainstBuilding(target, typeOnly, file)
  if (!service && layer.typesOf?.includes(target) === true) return typeOnly ? undefined : `allowed: only types of ${target} (import type)`
  return `allowed: ${describe(allowed, layer.typesOf)}`
}

function reasonAgainstBuilding(target: string, typeOnly: boolean, file: SourceFile): string | undefined {
  const folder = folderOf(file.path)
  const builds =
    !folder.startsWith('services/') || assemblies.includes(folder) || posix.basename(file.path) === 'main.ts' || isTest(file.path)
  return builds || typeOnly || !builtByMain.includes(target) ? undefined : 'allowed in a service: only main.ts builds adapters'
}

function describe(inside: readonly string[], typesOf: readonly string[] = []): string {
  const parts = [...inside, ...typesOf.map((name) => `types of ${name}`)]
  return parts.length === 0 ? 'nothing inside' : parts.join(', ')
}

function reasonAgainstOutside(from: string, file: SourceFile, layer: Layer): string | undefined {
  const library = libraryOf(from)
  // The bench uses whatever it needs to look at the product from outside.
  if (layer.folder === 'packages/testing') return undefined
  const allowed = [...layer.outside, ...(isTest(file.path) ? testOutside : [])]
  if (allowed.some((name) => (name.endsWith('/') ? library.startsWith(name) : library === name))) return undefined
  return `allowed: ${allowed.length === 0 ? 'no library, only node:' : allowed.join(', ')}`
}

/** One vendor, one file: what has to change when the vendor does is found in one place. */
function sharedLibraries(files: readonly SourceFile[]): readonly string[] {
  const users = new Map<string, Set<string>>()
  for (const file of files) {
    const folder = folderOf(file.path)
    if (isTest(file.path) || folder === 'packages/testing' || folder === 'packages/e2e') continue
    for (const { from } of importsOf(file.text)) {
      if (/^(\.|node:|@roadstead\/)/.test(from) || frameworks.includes(libraryOf(from))) continue
      users.set(libraryOf(from), (users.get(libraryOf(from)) ?? new Set()).add(file.path))
    }
  }
  return [...users]
    .filter(([, paths]) => paths.size > 1)
    .map(
      ([library, paths]) =>
        `${[...paths][0]}:1 is not alone in importing ${library}; allowed: one file; the others: ${[...paths].slice(1).join(', ')}`,
    )
}

function libraryOf(from: string): string {
  return from.split('/', from.startsWith('@') ? 2 : 1).join('/')
}

function folderOf(path: string): string {
  return path.split('/', 2).join('/')
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || /^[^/]+\/[^/]+\/(?:test\/|src\/(?:.*\/)?testing\/)/.test(path)
}
