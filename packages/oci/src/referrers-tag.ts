import { digestAlgorithm, digestHex, parseDigest } from './digest.ts'
import type { Digest } from './digest.ts'
import type { Tag } from './tag.ts'

/** The tag under which clients keep a list of referrers in registries without a referrers API ("Referrers Tag Schema"). */
export function referrersTag(subject: Digest): Tag {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}` as Tag
}

/** The subject that a tag of that schema belongs to. A sha512 digest is cut off in the tag and cannot be told: undefined. */
export function subjectOfReferrersTag(tag: Tag): Digest | undefined {
  const match = /^(sha256)-([0-9a-f]{64})$/.exec(tag)
  return match === null ? undefined : parseDigest(`${match[1]}:${match[2]}`)
}
