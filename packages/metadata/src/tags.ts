import type { TagFacts } from '@roadstead/distribution/metadata.ts'
import { digestFromBytes, digestToBytes } from '@roadstead/oci/digest.ts'
import type { Tag } from '@roadstead/oci/tag.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'
import { lowerBound } from './text.ts'

export function createTags(session: Session): TagFacts {
  return {
    async move({ registry, name }, tags, digest) {
      if (tags.length === 0) return
      // Sorted, so that two pushes of the same tags lock them in one order; once each, since one statement cannot move a tag twice.
      const sorted = [...new Set(tags)].sort()
      const rows = await session.query(sql`/* tags.move */
        INSERT INTO tags (registry_id, repository_id, name, digest)
        SELECT r.registry_id, r.id, k.name, ${digestToBytes(digest)}::bytea
        FROM repositories r, unnest(${sorted}::text[]) WITH ORDINALITY AS k (name, ordinal)
        WHERE r.registry_id = ${registry.id} AND r.name = ${name}
        ORDER BY k.ordinal
        ON CONFLICT (registry_id, repository_id, name) DO UPDATE SET digest = excluded.digest, updated_at = now()
        RETURNING 1`)
      if (rows.length === 0) throw new Error(`there is no repository ${name} to tag in`)
    },

    async delete({ registry, name }, tag) {
      const [row] = await session.query<{ readonly digest: Buffer }>(sql`/* tags.delete */
        DELETE FROM tags
        WHERE registry_id = ${registry.id}
          AND repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
          AND name = ${tag}
        RETURNING digest`)
      return row && digestFromBytes(row.digest)
    },

    async list({ registry, name }, after, limit) {
      const rows = await session.query<{ readonly name: Tag }>(sql`/* tags.list */
        SELECT name FROM tags
        WHERE registry_id = ${registry.id}
          AND repository_id = (SELECT id FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
          AND name > ${lowerBound(after)}
        ORDER BY name
        LIMIT ${limit}`)
      return rows.map((row) => row.name)
    },
  }
}
