/** A registry to drive: where it is, and an account that may do everything in it. */
export interface Target {
  /** Login server with port, as a user types it. */
  readonly host: string
  readonly user: string
  readonly password: string
}

/** A target from `--target host:port --user U --password P`, if one was named. */
export function targetFrom(options: { readonly target?: string; readonly user?: string; readonly password?: string }): Target | undefined {
  if (options.target === undefined) return undefined
  return { host: options.target, user: options.user ?? 'myregistry', password: options.password ?? '' }
}
