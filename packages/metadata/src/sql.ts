import { createHash } from 'node:crypto'

/** A value that a statement can bind. */
export type Value = string | number | boolean | Date | Uint8Array | null | readonly (string | number | Uint8Array | null)[]

/** A literal statement with its values beside it. */
export interface Statement {
  /** `registries.find`, from the comment that the text starts with; for metrics and logs. */
  readonly label: string
  /** Name of the prepared statement: equal for equal texts, different for different ones. */
  readonly name: string
  readonly text: string
  readonly values: readonly Value[]
}

type Literal = Omit<Statement, 'values'>

/** Keyed by the call site's own array of strings, of which there is one per literal in the source: nothing is built twice. */
const literals = new WeakMap<TemplateStringsArray, Literal>()

/**
 * The only way to make a statement. `sql` binds whatever stands in `${}`, and there is nothing else it could do with it: no identifier,
 * no piece of text, no nesting. The text starts with its label in a comment.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly Value[]): Statement {
  let literal = literals.get(strings)
  if (literal === undefined) {
    literal = readLiteral(strings)
    literals.set(strings, literal)
  }
  return { ...literal, values }
}

function readLiteral(strings: TemplateStringsArray): Literal {
  const text = strings.reduce((sum, piece, index) => `${sum}$${index}${piece}`).trim()
  const label = /^\/\* ([a-z][A-Za-z. -]*) \*\//.exec(text)?.[1]
  if (label === undefined) throw new Error(`a statement has to start with its label in a comment: ${text.slice(0, 40)}`)
  return { label, name: `${label} ${createHash('sha256').update(text).digest('hex').slice(0, 12)}`, text }
}
