import { setTimeout as sleep } from 'node:timers/promises'
import { Unavailable } from '@roadstead/oci/errors.ts'
import { Pool, types } from 'pg'
import type { PoolClient, QueryConfig } from 'pg'
import { isUnavailable, isWorthRetrying } from './failures.ts'
import type { Statement } from './sql.ts'

/** Where statements go: to any connection of the pool, or to the one of a transaction. */
export interface Session {
  /** Throws `Unavailable` when the database does not answer, within `limit` milliseconds where that is given. */
  query<Row>(statement: Statement, limit?: number): Promise<readonly Row[]>
  /** Runs several statements in one transaction: in the one that is open, where there is one. */
  atomically<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
}

export interface Database extends Session {
  /** Runs a script of several statements that binds nothing, in one transaction: for migrations only. */
  script(prepare: (session: Session) => Promise<string | undefined>): Promise<void>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** `postgresql://…`, as in the setting DATABASE_URL. */
  readonly url: string
  /** Most connections at once. */
  readonly connections?: number
  /** Most callers that wait for a connection; one more is refused at once. */
  readonly waiting?: number
  /** Told of every statement after it ended, also of a failed one. */
  readonly onStatement?: (statement: { readonly label: string; readonly milliseconds: number; readonly failed: boolean }) => void
  /** Told of connections that broke while nobody used them. */
  readonly onIdleError?: (error: Error) => void
  /** Between 0 and 1; spreads the retries of transactions that collided. */
  readonly random?: () => number
}

/** Milliseconds. The database gives up first, so that the connection stays usable; the client's own limit is for a black hole. */
const limits = {
  connect: 2_000,
  lock: 4_000,
  statement: 4_500,
  client: 5_000,
  idleInTransaction: 30_000,
  idle: 30_000,
  migration: 86_400_000,
}

const attempts = 3

/** Opens a pool; connects on first use. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: options.url,
    max: options.connections ?? 16,
    connectionTimeoutMillis: limits.connect,
    idleTimeoutMillis: limits.idle,
    statement_timeout: limits.statement,
    lock_timeout: limits.lock,
    query_timeout: limits.client,
    idle_in_transaction_session_timeout: limits.idleInTransaction,
    keepAlive: true,
    application_name: 'roadstead',
    types: { getTypeParser: readType },
  })
  // Without a listener, a restart of the database would end the process by way of every idle connection.
  pool.on('error', (error) => options.onIdleError?.(error))
  // The same for a connection that breaks between two statements of a transaction: the next statement reports it.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const { waiting = 1_000, random = Math.random } = options
  const run = measured(options.onStatement)

  async function connect(): Promise<PoolClient> {
    if (pool.waitingCount >= waiting) throw new Unavailable('database', { message: 'too many requests wait for the database' })
    return await pool.connect().catch((error: unknown) => {
      // Whatever keeps us from connecting is no statement about content.
      throw new Unavailable('database', { cause: error })
    })
  }

  async function lend<Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await connect()
    let broken = false
    try {
      return await work(client)
    } catch (error) {
      broken = isBroken(error)
      throw error
    } finally {
      // A connection that failed is not given to anybody else: it may lead to a server that is no primary any more.
      client.release(broken)
    }
  }

  async function once<Result>(work: (session: Session, client: PoolClient) => Promise<Result>): Promise<Result> {
    return await lend(async (client) => {
      await driver(client.query('BEGIN'))
      try {
        const result = await work(transactionSession(client, run), client)
        const { command } = await driver(client.query('COMMIT'))
        // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a failed statement was swallowed.
        if (command !== 'COMMIT') throw new Error('a statement of the transaction had failed: it was rolled back')
        return result
      } catch (error) {
        // A connection that leads nowhere would only keep its caller waiting for as long again; it is closed, and that ends the transaction.
        if (!isBroken(error)) await client.query('ROLLBACK').catch(() => undefined)
        throw error
      }
    })
  }

  async function atomically<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(work)
      } catch (error) {
        if (attempt === attempts || !isWorthRetrying(error)) throw error
        await sleep(random() * 20 * attempt)
      }
    }
  }

  return {
    query: (statement, limit) => lend((client) => run(client, statement, limit)),
    atomically,
    script: (prepare) =>
      once(async (session, client) => {
        const text = await prepare(session)
        // The server may work on it for as long as it takes.
        if (text !== undefined) await driver(client.query({ text, query_timeout: limits.migration } as QueryConfig))
      }),
    close: () => pool.end(),
  }
}

/** Whether the connection is not to be used again. */
function isBroken(error: unknown): boolean {
  return error instanceof Unavailable && !isWorthRetrying(error)
}

/** Tells failures of the database from mistakes of ours at the one place where both come from the driver. */
async function driver<Result>(promise: Promise<Result>): Promise<Result> {
  return await promise.catch((error: unknown) => {
    throw isUnavailable(error) ? new Unavailable('database', { cause: error }) : error
  })
}

type Run = <Row>(client: PoolClient, statement: Statement, limit: number | undefined) => Promise<readonly Row[]>

function transactionSession(client: PoolClient, run: Run): Session {
  const session: Session = {
    query: (statement, limit) => run(client, statement, limit),
    atomically: (work) => work(session),
  }
  return session
}

function measured(onStatement: DatabaseOptions['onStatement']): Run {
  return async <Row>(client: PoolClient, { label, name, text, values }: Statement, limit = limits.client): Promise<readonly Row[]> => {
    const start = performance.now()
    let failed = true
    try {
      const result = await driver(client.query({ name, text, values: values as unknown[], query_timeout: limit } as QueryConfig))
      failed = false
      return result.rows as Row[]
    } finally {
      onStatement?.({ label, milliseconds: performance.now() - start, failed })
    }
  }
}

/** Ids and sizes are below 2^53; the driver's own answer for int8 is a text. */
function readType(oid: number, format?: 'text' | 'binary'): unknown {
  const int8: number = types.builtins.INT8
  return oid === int8 && format !== 'binary' ? Number : types.getTypeParser(oid, format)
}
