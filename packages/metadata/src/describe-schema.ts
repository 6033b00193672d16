import type { Session } from './database.ts'
import { sql } from './sql.ts'

interface ColumnRow {
  readonly relation: string
  readonly line: string
}

/**
 * The schema that is in the database, as text to read and to compare: every table with its columns, constraints and indexes, by name.
 * Not made to be run; the migrations are.
 */
export async function describeSchema(session: Session): Promise<string> {
  const columns = await readColumns(session)
  const constraints = await readConstraints(session)
  const indexes = await readIndexes(session)
  const tables = [...new Set(columns.map((column) => column.relation))]
  const blocks = tables.map((table) => {
    const lines = [...columns, ...constraints].filter(({ relation }) => relation === table).map(({ line }) => `  ${line}`)
    const own = indexes.filter(({ relation }) => relation === table).map(({ line }) => `${line};\n`)
    return `CREATE TABLE ${table} (\n${lines.join(',\n')}\n);\n${own.length === 0 ? '' : `\n${own.join('')}`}`
  })
  return blocks.join('\n')
}

async function readColumns(session: Session): Promise<readonly ColumnRow[]> {
  return await session.query<ColumnRow>(sql`/* schema.columns */
    SELECT c.relname AS relation, concat_ws(' ',
      a.attname,
      format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attstorage <> y.typstorage THEN 'STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
      CASE WHEN a.attcollation <> y.typcollation THEN 'COLLATE ' || quote_ident(l.collname) END,
      CASE WHEN a.attnotnull THEN 'NOT NULL' END,
      CASE WHEN a.attidentity = 'a' THEN 'GENERATED ALWAYS AS IDENTITY' END,
      'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
    ) AS line
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type y ON y.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
    ORDER BY c.relname COLLATE "C", a.attnum`)
}

async function readConstraints(session: Session): Promise<readonly ColumnRow[]> {
  // Those of kind n say NOT NULL, which the column says already; servers before version 18 do not list them.
  return await session.query<ColumnRow>(sql`/* schema.constraints */
    SELECT c.relname AS relation, concat('CONSTRAINT ', n.conname, ' ', pg_get_constraintdef(n.oid)) AS line
    FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND n.contype <> 'n'
    ORDER BY position(n.contype::text IN 'pucf'), n.conname COLLATE "C"`)
}

async function readIndexes(session: Session): Promise<readonly ColumnRow[]> {
  return await session.query<ColumnRow>(sql`/* schema.indexes */
    SELECT c.relname AS relation, replace(pg_get_indexdef(i.indexrelid), ' ON ' || current_schema() || '.', ' ON ') AS line
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conindid = i.indexrelid AND n.contype IN ('p', 'u'))
    ORDER BY x.relname COLLATE "C"`)
}
