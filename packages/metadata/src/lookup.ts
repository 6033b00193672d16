import { coalesce } from './coalesce.ts'
import type { CoalesceOptions } from './coalesce.ts'

export type Lookup<Key, Fact> = (key: Key) => Promise<Fact | undefined>

/** How a kind of fact is looked up: together with others where callers share the pool, alone on the connection of a transaction. */
export type MakeLookup = <Key, Fact>(options: CoalesceOptions<Key, Fact>) => Lookup<Key, Fact>

export const shared: MakeLookup = coalesce

export const alone: MakeLookup =
  ({ ask }) =>
  async (key) =>
    (await ask([key]))[0]

/**
 * Milliseconds that a look-up by keys may take. Many callers wait for it, so a connection that leads nowhere any more has to be
 * noticed long before the time that other statements are given.
 */
export const lookupLimit = 3_000

/** Rows of `… WITH ORDINALITY`, put back to the place of the key that each answers. */
export function inOrderOf<Row extends { readonly ordinal: number }>(
  keys: readonly unknown[],
  rows: readonly Row[],
): readonly (Row | undefined)[] {
  const facts: (Row | undefined)[] = keys.map(() => undefined)
  for (const row of rows) facts[row.ordinal - 1] = row
  return facts
}
