import type { RepositoryFacts } from '@roadstead/distribution/metadata.ts'
import type { RepositoryName } from '@roadstead/oci/repository-name.ts'
import type { Session } from './database.ts'
import { sql } from './sql.ts'
import { lowerBound } from './text.ts'

export function createRepositories(session: Session): RepositoryFacts {
  return {
    async exists({ registry, name }) {
      const [row] = await session.query<{ readonly found: boolean }>(sql`/* repositories.exists */
        SELECT EXISTS (SELECT FROM repositories WHERE registry_id = ${registry.id} AND name = ${name}) AS found`)
      return row!.found
    },

    async ensure({ registry, name }) {
      await session.query(sql`/* repositories.ensure */
        INSERT INTO repositories (registry_id, name)
        SELECT ${registry.id}::bigint, ${name}::text
        -- Without this, each push would use up an id and leave a dead row behind.
        WHERE NOT EXISTS (SELECT FROM repositories WHERE registry_id = ${registry.id} AND name = ${name})
        ON CONFLICT (registry_id, name) DO NOTHING`)
    },

    async publish({ registry, name }) {
      await session.query(sql`/* repositories.publish */
        UPDATE repositories SET published_at = now()
        WHERE registry_id = ${registry.id} AND name = ${name} AND published_at IS NULL`)
    },

    async list(registry, after, limit) {
      const rows = await session.query<{ readonly name: RepositoryName }>(sql`/* repositories.list */
        SELECT name FROM repositories
        WHERE registry_id = ${registry.id} AND published_at IS NOT NULL AND name > ${lowerBound(after)}
        ORDER BY name
        LIMIT ${limit}`)
      return rows.map((row) => row.name)
    },
  }
}
