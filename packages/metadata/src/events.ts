import type { EventFacts } from '@roadstead/distribution/metadata.ts'
import { digestToBytes } from '@roadstead/oci/digest.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'
import { storable } from './text.ts'

export function createEvents(session: Session): EventFacts {
  return {
    async record(registry, { kind, repository, digest, mediaType, size, tags, actor }) {
      await session.query(sql`/* events.record */
        INSERT INTO events (registry_id, kind, repository, digest, media_type, size, tags, actor)
        VALUES (${registry.id}, ${kind}, ${repository}, ${digestToBytes(digest)}, ${mediaType === undefined ? null : storable(mediaType)},
          ${size ?? null}, ${tags}::text[], ${storable(actor)})`)
    },
  }
}
