/** A tag as the OCI distribution specification allows it, already checked: at most 128 characters. */
export type Tag = string & { readonly __brand: 'tag' }

const grammar = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/

export function parseTag(text: string): Tag | undefined {
  return grammar.test(text) ? (text as Tag) : undefined
}
