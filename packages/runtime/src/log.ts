import { destination, pino } from 'pino'
import { cleanFields } from './log-fields.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Facts beside the message. Secrets are taken out by name and by look, long text is cut, see `log-fields.ts`. */
export type LogFields = Readonly<Record<string, unknown>>

/** The message is a fixed sentence of the program; what varies goes into the fields, an error under `error`. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log that adds these fields to every line. */
  child(fields: LogFields): Log
}

export interface FlushableLog extends Log {
  /** Resolves when what is still held was written out, or cannot be: for the moment before the process ends. */
  flush(): Promise<void>
}

/** Milliseconds. */
const flushLimit = 200

/** Where lines go: one complete JSON line per call. */
export interface LogOutput {
  write(line: string): void
}

/**
 * A log of JSON lines, one object a line, to the standard output unless `output` is given. Never throws and never blocks a request.
 */
export function createLog(options: { readonly level: LogLevel; readonly output?: LogOutput }): FlushableLog {
  // Several processes may write to one pipe, which keeps what is written together only up to 4096 bytes.
  const standardOutput = options.output === undefined ? destination({ dest: 1, sync: false, maxWrite: 4096 }) : undefined
  // A reader that has gone away (`npm start | head`) must not end the registry.
  standardOutput?.on('error', () => undefined)
  const logger = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    options.output ?? standardOutput,
  )
  return { ...wrap(logger), flush: () => flush(standardOutput) }
}

type Sink = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled' | 'child'>

function wrap(sink: Sink): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}) => {
      if (sink.isLevelEnabled(level)) sink[level](cleanFields(fields), message)
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(sink.child(cleanFields(fields))),
  }
}

/** The stream may be broken, or its reader have stopped reading: neither is a reason to stay. */
function flush(stream: { flush(done: () => void): void } | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (stream === undefined) return resolve()
    setTimeout(resolve, flushLimit)
    try {
      stream.flush(() => resolve())
    } catch {
      resolve()
    }
  })
}
