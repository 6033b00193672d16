const secretName = /authorization|cookie|password|passwd|secret|token|credential|signature|private.?key|api.?key/i

/**
 * Secrets that travel inside text, such as in the message of a driver's error: authorization schemes, signed tokens, the password in
 * an address, the signature of a presigned one.
 */
const secretLooks: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi, '$1 [redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]'],
  [/(:\/\/[^\s/:@]*):[^\s/@]+@/g, '$1:[redacted]@'],
  [/([?&](?:sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|token|_state)=)[^\s&"']+/gi, '$1[redacted]'],
]

/** Longest text in one field, and longest stack, in characters. */
const textLimit = 1024
const stackLimit = 4096
const listLimit = 50
const depthLimit = 4

/** The fields as they may be written: without secrets, bounded in size and depth, errors as plain objects. */
export function cleanFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return cleanRecord(fields, 0)
}

function cleanRecord(record: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .slice(0, listLimit)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [cut(name, 100), secretName.test(name) ? '[redacted]' : cleanValue(value, depth)]),
  )
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value, textLimit)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return typeof value === 'function' || typeof value === 'symbol' ? '[not data]' : value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
  if (depth >= depthLimit) return '[too deep]'
  if (value instanceof Error) return cleanError(value, depth)
  if (value instanceof Uint8Array) return `[${value.length} bytes]`
  if (Array.isArray(value)) return value.slice(0, listLimit).map((item: unknown) => cleanValue(item, depth + 1))
  return cleanRecord(value as Record<string, unknown>, depth + 1)
}

/** Only what tells the reason: a driver hangs whole requests, with their headers, onto its errors. */
function cleanError(error: Error, depth: number): Record<string, unknown> {
  const code = (error as { readonly code?: unknown }).code
  return {
    name: cut(error.name, 100),
    message: cleanText(error.message, textLimit),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof error.stack === 'string' ? { stack: cleanText(error.stack, stackLimit) } : {}),
    ...(error instanceof AggregateError ? { errors: cleanValue(error.errors, depth + 1) } : {}),
    ...(error.cause === undefined ? {} : { cause: cleanValue(error.cause, depth + 1) }),
  }
}

function cleanText(text: string, limit: number): string {
  // Cut after looking, or half a secret at the cut would be overlooked; bounded before, because a client chooses the text.
  const clean = secretLooks.reduce((rest, [look, instead]) => rest.replace(look, instead), text.slice(0, limit * 8))
  return cut(clean, limit, text.length)
}

function cut(text: string, limit: number, length = text.length): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${length} characters)`
}
