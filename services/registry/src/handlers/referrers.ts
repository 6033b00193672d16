import { listReferrers } from '@roadstead/distribution/list.ts'
import { parseDigest } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import { refuse } from '@roadstead/oci/errors.ts'
import { mediaTypes } from '@roadstead/oci/media-types.ts'
import { nextLink } from '../http/page-query.ts'
import type { Handler } from '../registry-service.ts'

/** Longest artifact type to filter by; a media type has at most 127 characters on each side of its slash. */
const artifactTypeLimit = 255

/** end-12a, end-12b. The list itself is an index. */
export const getReferrers: Handler = async ({ ports }, { repository, last, query }, res) => {
  const subject = digestOf(last)
  const cursor = query.get('last')
  const artifactType = query.get('artifactType') ?? undefined
  if (artifactType !== undefined && (artifactType.length > artifactTypeLimit || artifactType.includes('\0'))) {
    refuse('MANIFEST_INVALID', 'artifactType is not a media type')
  }
  const { entries, more } = await listReferrers(ports, repository, subject, artifactType, cursor === null ? undefined : digestOf(cursor))
  if (artifactType !== undefined) res.setHeader('OCI-Filters-Applied', 'artifactType')
  if (more) {
    const parameters = { ...(artifactType !== undefined && { artifactType }), last: entries.at(-1)!.digest }
    res.setHeader('Link', nextLink(`/v2/${repository.name}/referrers/${subject}`, parameters))
  }
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries }))
  res.setHeader('Content-Type', mediaTypes.ociIndex)
  res.setHeader('Content-Length', body.length)
  res.end(body)
}

function digestOf(text: string): Digest {
  return parseDigest(text) ?? refuse('DIGEST_INVALID', 'the digest is malformed, or its algorithm is neither sha256 nor sha512')
}
