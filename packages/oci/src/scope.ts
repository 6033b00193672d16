import { parseRepositoryName } from './repository-name.ts'

/** What may be done to a repository. ACR's words: docker clients only know pull, push and delete. */
export const repositoryActions = ['pull', 'push', 'delete', 'metadata_read', 'metadata_write'] as const
export type RepositoryAction = (typeof repositoryActions)[number]

/** A piece of access, asked for or granted: actions on one named resource. */
export type Scope =
  | { readonly type: 'repository'; readonly name: string; readonly actions: readonly string[] }
  | { readonly type: 'registry'; readonly name: string; readonly actions: readonly string[] }

/** Most scopes in one token request. */
export const scopeLimit = 64

/**
 * Reads one `type:name:action,action`. Cut from both ends, because a name may hold a colon (a host with a port). Undefined
 * for whatever cannot name access here: it grants nothing, and is no error (az asks for `registry:None:*` to see whether it may sign in).
 */
export function parseScope(text: string): Scope | undefined {
  const first = text.indexOf(':')
  const last = text.lastIndexOf(':')
  if (first <= 0 || last <= first + 1) return undefined
  const type = text.slice(0, first)
  const name = text.slice(first + 1, last)
  const actions = [
    ...new Set(
      text
        .slice(last + 1)
        .split(',')
        .filter((action) => /^(?:\*|[a-z_]+)$/.test(action)),
    ),
  ]
  if (actions.length === 0) return undefined
  if (type === 'registry') return /^[a-z_]+$/.test(name) ? { type, name, actions } : undefined
  return type === 'repository' && parseRepositoryName(name) !== undefined ? { type, name, actions } : undefined
}

/**
 * Reads the `scope` parameters of a token request: repeated, joined by spaces, or both, as docker, containerd and az differ.
 * Two mentions of one resource become one.
 */
export function parseScopes(parameters: readonly string[]): readonly Scope[] {
  const merged = new Map<string, Scope>()
  for (const text of parameters.flatMap((parameter) => parameter.split(' ')).slice(0, scopeLimit)) {
    const scope = parseScope(text)
    if (scope === undefined) continue
    const key = `${scope.type}:${scope.name}`
    const actions = new Set([...(merged.get(key)?.actions ?? []), ...scope.actions])
    merged.set(key, { ...scope, actions: [...actions] })
  }
  return [...merged.values()]
}

export function formatScope(scope: Scope): string {
  return `${scope.type}:${scope.name}:${scope.actions.join(',')}`
}

/** Whether the granted scopes hold `action` on exactly this resource. Names are compared whole: no prefix, no wildcard. */
export function allows(granted: readonly Scope[], type: Scope['type'], name: string, action: string): boolean {
  return granted.some((scope) => scope.type === type && scope.name === name && scope.actions.includes(action))
}
