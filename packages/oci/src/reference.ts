import { parseDigest } from './digest.ts'
import type { Digest } from './digest.ts'
import { refuse } from './errors.ts'
import { parseTag } from './tag.ts'
import type { Tag } from './tag.ts'

/** What names a manifest inside a repository. */
export type Reference = { readonly kind: 'tag'; readonly tag: Tag } | { readonly kind: 'digest'; readonly digest: Digest }

/**
 * Reads the last segment of a manifest path. A text with a colon can only be meant as a digest, since no tag holds one.
 * Throws DIGEST_INVALID or MANIFEST_INVALID.
 */
export function parseReference(text: string): Reference {
  if (text.includes(':')) {
    const digest = parseDigest(text)
    if (digest === undefined) refuse('DIGEST_INVALID', 'the digest is malformed, or its algorithm is neither sha256 nor sha512')
    return { kind: 'digest', digest }
  }
  const tag = parseTag(text)
  if (tag === undefined) refuse('MANIFEST_INVALID', 'the tag does not match [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}')
  return { kind: 'tag', tag }
}

export function formatReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest
}
