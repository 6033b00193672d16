import type { ReferrerFacts } from '@roadstead/distribution/metadata.ts'
import type { Descriptor } from '@roadstead/oci/descriptor.ts'
import { digestToBytes } from '@roadstead/oci/digest.ts'
import type { Digest } from '@roadstead/oci/digest.ts'
import type { Repository } from '@roadstead/oci/registry.ts'
import type { Session } from './database.ts'
import { artifactTypeKey, readReferrerEntry, referrerEntry } from './referrer-entry.ts'
import { sql } from './sql.ts'

interface EntryRow {
  readonly descriptor: Buffer
  /** Of the entries up to one behind the page, how many there are. */
  readonly found: number
}

/** Annotations make an entry up to 4 MiB large; a page ends with the entry that goes beyond this many bytes. */
const pageBytes = 4 * 1024 * 1024

/** Below every stored digest. */
const start = Buffer.alloc(0)

export function createReferrers(session: Session): ReferrerFacts {
  return {
    async list(repository, subject, artifactType, after, limit) {
      const from = after === undefined ? start : digestToBytes(after)
      const rows =
        artifactType === undefined
          ? await listAll(session, repository, subject, from, limit)
          : await listOfType(session, repository, subject, artifactType, from, limit)
      return { entries: rows.map((row) => readReferrerEntry(row.descriptor)), more: rows.length > 0 && rows[0]!.found > rows.length }
    },

    adopt: (repository, subject, descriptors) => adopt(session, repository, subject, descriptors),
  }
}

async function listAll(session: Session, { registry, name }: Repository, subject: Digest, after: Buffer, limit: number) {
  return await session.query<EntryRow>(sql`/* referrers.list */
    SELECT descriptor, found FROM (
      SELECT digest, descriptor, count(*) OVER () AS found,
        sum(octet_length(descriptor)) OVER (ORDER BY digest) - octet_length(descriptor) AS before
      FROM (
        SELECT digest, descriptor FROM referrers
        WHERE registry_id = ${registry.id}
          AND repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
          AND subject = ${digestToBytes(subject)} AND digest > ${after}
        ORDER BY digest
        LIMIT ${limit + 1}
      ) AS page
    ) AS sized
    WHERE before < ${pageBytes}
    ORDER BY digest
    LIMIT ${limit}`)
}

async function listOfType(
  session: Session,
  { registry, name }: Repository,
  subject: Digest,
  artifactType: string,
  after: Buffer,
  limit: number,
) {
  return await session.query<EntryRow>(sql`/* referrers.list of type */
    SELECT descriptor, found FROM (
      SELECT digest, descriptor, count(*) OVER () AS found,
        sum(octet_length(descriptor)) OVER (ORDER BY digest) - octet_length(descriptor) AS before
      FROM (
        SELECT digest, descriptor FROM referrers
        WHERE registry_id = ${registry.id}
          AND repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
          AND subject = ${digestToBytes(subject)} AND artifact_type = ${artifactTypeKey(artifactType)} AND digest > ${after}
        ORDER BY digest
        LIMIT ${limit + 1}
      ) AS page
    ) AS sized
    WHERE before < ${pageBytes}
    ORDER BY digest
    LIMIT ${limit}`)
}

/** Entries of manifests that are not there are left out: nobody could pull them, and nothing would ever remove them. */
async function adopt(session: Session, { registry, name }: Repository, subject: Digest, descriptors: readonly Descriptor[]): Promise<void> {
  if (descriptors.length === 0) return
  // Of two entries with one digest the first counts, and the keys are locked in one order by everybody.
  const entries = [...new Map([...descriptors].reverse().map((entry) => [entry.digest, entry])).values()].sort((a, b) =>
    digestToBytes(a.digest).compare(digestToBytes(b.digest)),
  )
  await session.query(sql`/* referrers.adopt */
    WITH present AS (
      SELECT m.registry_id, m.repository_id, m.digest, k.artifact_type, k.descriptor
      FROM unnest(
        ${entries.map((entry) => digestToBytes(entry.digest))}::bytea[],
        ${entries.map((entry) => artifactTypeKey(entry.artifactType))}::bytea[],
        ${entries.map(referrerEntry)}::bytea[]
      ) AS k (digest, artifact_type, descriptor)
      JOIN manifests m ON m.digest = k.digest
      WHERE m.registry_id = ${registry.id}
        AND m.repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
      ORDER BY m.digest
      FOR KEY SHARE OF m
    )
    INSERT INTO referrers (registry_id, repository_id, subject, digest, artifact_type, descriptor)
    SELECT registry_id, repository_id, ${digestToBytes(subject)}::bytea, digest, artifact_type, descriptor FROM present
    ON CONFLICT (registry_id, repository_id, subject, digest) DO NOTHING`)
}
