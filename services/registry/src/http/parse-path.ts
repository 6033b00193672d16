import { refuse } from '@roadstead/oci/errors.ts'
import { parseRepositoryName } from '@roadstead/oci/repository-name.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'

/** Every path that this service knows, as the specification spells it. */
export type PathTemplate =
  | '/v2/'
  | '/v2/_catalog'
  | '/v2/<name>/tags/list'
  | '/v2/<name>/manifests/<reference>'
  | '/v2/<name>/blobs/<digest>'
  | '/v2/<name>/blobs/uploads/'
  | '/v2/<name>/blobs/uploads/<session>'
  | '/v2/<name>/referrers/<digest>'

export interface ParsedPath {
  readonly template: PathTemplate
  readonly name?: RepositoryName
  /** The last segment, decoded: a tag, a digest or a session. */
  readonly last: string
}

/**
 * Reads the path of a request target, as sent. Routing, authorization and handler all use what comes out of here, so none can see another name
 * than the others (express would match case-insensitively and decode after matching). A repository may be called `tags/list`, so
 * the right-most verb counts. Azure's clients send `%2F` in names and `%3A` in digests: each is decoded exactly once.
 * Undefined where nothing answers at the path. Throws NAME_INVALID for what is no repository name.
 */
export function parsePath(path: string): ParsedPath | undefined {
  if (path === '/v2' || path === '/v2/') return { template: '/v2/', last: '' }
  if (path === '/v2/_catalog') return { template: '/v2/_catalog', last: '' }
  if (!path.startsWith('/v2/')) return undefined
  const segments = path.slice('/v2/'.length).split('/')
  const found = verbOf(segments)
  return found && { template: found.template, name: nameOf(segments.slice(0, -found.length)), last: decode(found.last) }
}

interface Verb {
  readonly template: PathTemplate
  /** How many segments, from the right, do not belong to the name. */
  readonly length: number
  readonly last: string
}

function verbOf(segments: readonly string[]): Verb | undefined {
  const [third, second, last] = [segments.at(-3), segments.at(-2), segments.at(-1)]
  if (last === undefined || second === undefined) return undefined
  if (second === 'tags' && last === 'list') return { template: '/v2/<name>/tags/list', length: 2, last: '' }
  if (second === 'manifests') return { template: '/v2/<name>/manifests/<reference>', length: 2, last }
  if (second === 'referrers') return { template: '/v2/<name>/referrers/<digest>', length: 2, last }
  // `blobs/uploads` without the slash is what some clients make of it when they clean the path.
  if (second === 'blobs' && last === 'uploads') return { template: '/v2/<name>/blobs/uploads/', length: 2, last: '' }
  if (second === 'blobs') return { template: '/v2/<name>/blobs/<digest>', length: 2, last }
  if (third !== 'blobs' || second !== 'uploads') return undefined
  return last === ''
    ? { template: '/v2/<name>/blobs/uploads/', length: 3, last }
    : { template: '/v2/<name>/blobs/uploads/<session>', length: 3, last }
}

function nameOf(segments: readonly string[]): RepositoryName {
  const name = parseRepositoryName(decode(segments.join('/')))
  if (name === undefined)
    refuse('NAME_INVALID', 'the repository name is not valid: lower-case letters, digits and . _ - between them, parts joined by /')
  return name
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse('NAME_INVALID', 'the path holds a percent sign that encodes nothing')
  }
}
