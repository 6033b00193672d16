import type { Database } from './database.ts'
import { sql } from './sql.ts'

/**
 * Writes all tables into files of `folder`, as they were at one moment, while others go on reading and writing. The server itself writes
 * them: it has to run on this machine, its account to be a superuser, and the folder to be writable by it.
 */
export async function dumpTables(database: Database, folder: string): Promise<void> {
  const [row] = await database.query<{ readonly script: string }>(sql`/* dump.tables */
    SELECT string_agg(format('COPY %I TO %L;', relname, ${folder}::text || '/' || relname), E'\n') AS script
    FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`)
  // Ids are never given out twice, so what was given out is a fact of its own: the row may be gone.
  const [sequences] = await database.query<{ readonly script: string }>(sql`/* dump.sequences */
    SELECT format(
      'COPY (SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()) TO %L;', ${folder}::text || '/.sequences'
    ) AS script`)
  await database.script(
    async () => `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; ${patience} ${row!.script} ${sequences!.script}`,
  )
}

/** Fills a database that was migrated and never used from such files, in one transaction. Throws where its schema is not theirs, or it has rows. */
export async function restoreTables(database: Database, folder: string): Promise<void> {
  const [row] = await database.query<{ readonly script: string }>(sql`/* dump.restore */
    SELECT string_agg(format('COPY %I FROM %L;', relname, ${folder}::text || '/' || relname), E'\n') AS script
    FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname <> 'schema_versions'`)
  const [rest] = await database.query<{ readonly versions: string; readonly sequences: string }>(sql`/* dump.rest */
    SELECT format('COPY dumped_versions FROM %L;', ${folder}::text || '/schema_versions') AS versions,
      format('COPY dumped_sequences FROM %L;', ${folder}::text || '/.sequences') AS sequences`)
  await database.script(
    async () => `${patience}
    CREATE TEMPORARY TABLE dumped_versions (LIKE schema_versions) ON COMMIT DROP;
    ${rest!.versions}
    ${refusals}
    -- As a replica applies changes: what was consistent when it was dumped is not looked up again, row by row.
    SET LOCAL session_replication_role = replica;
    ${row!.script}
    CREATE TEMPORARY TABLE dumped_sequences (name text, last_value bigint) ON COMMIT DROP;
    ${rest!.sequences}
    SELECT setval(quote_ident(name)::regclass, last_value) FROM dumped_sequences WHERE last_value IS NOT NULL;`,
  )
}

const patience = 'SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;'

const refusals = `DO $$ BEGIN
  IF (SELECT max(version) FROM dumped_versions) <> (SELECT max(version) FROM schema_versions) THEN
    RAISE EXCEPTION 'the dump has schema version %, and this Roadstead has %: restore it with the Roadstead that wrote it',
      (SELECT max(version) FROM dumped_versions), (SELECT max(version) FROM schema_versions);
  END IF;
  IF EXISTS (SELECT FROM tenants) THEN RAISE EXCEPTION 'the database is in use: a dump is restored into a new one'; END IF;
END $$;`
