/** A repository name as the OCI distribution specification allows it, already checked. */
export type RepositoryName = string & { readonly __brand: 'repository name' }

/** Longest name. Host name, slash and repository name together have to stay within 255 characters for many clients. */
export const repositoryNameLimit = 255

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const grammar = new RegExp(`^${component}(?:/${component})*$`)

export function parseRepositoryName(text: string): RepositoryName | undefined {
  return text.length <= repositoryNameLimit && grammar.test(text) ? (text as RepositoryName) : undefined
}
