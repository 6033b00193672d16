export interface CoalesceOptions<Key, Fact> {
  /** Equal texts for keys that ask for the same. */
  readonly identify: (key: Key) => string
  /** One statement: the facts of all keys, in their order; undefined where there is none. */
  readonly ask: (keys: readonly Key[]) => Promise<readonly (Fact | undefined)[]>
  /** Most keys of one statement. */
  readonly most?: number
  /** Most statements under way. */
  readonly flights?: number
}

interface Slot<Key, Fact> {
  readonly key: Key
  readonly promise: Promise<Fact | undefined>
  readonly resolve: (fact: Fact | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * Looks facts up one by one for its callers and many at a time for the database. Who asks while statements are under way waits for the
 * next one, which answers all that came meanwhile; who asks for the same shares one place. Nothing is kept: a statement is sent
 * after all of its callers asked, so each sees what was committed before it came, on every replica.
 */
export function coalesce<Key, Fact>(options: CoalesceOptions<Key, Fact>): (key: Key) => Promise<Fact | undefined> {
  const { identify, ask, most = 256, flights = 2 } = options
  /** By arrival. A key that is under way already gets a new place here: its statement may have looked too early for a newcomer. */
  const waiting = new Map<string, Slot<Key, Fact>>()
  let flying = 0

  async function fly(): Promise<void> {
    flying++
    // Callers of the same tick, such as the requests of one read from many sockets, share the first statement already.
    await Promise.resolve()
    while (waiting.size > 0) await answer(take(waiting, most), ask)
    flying--
  }

  return (key) => {
    const id = identify(key)
    const known = waiting.get(id)
    if (known !== undefined) return known.promise
    const slot = { key, ...Promise.withResolvers<Fact | undefined>() }
    waiting.set(id, slot)
    if (flying < flights) void fly()
    return slot.promise
  }
}

function take<Key, Fact>(waiting: Map<string, Slot<Key, Fact>>, most: number): readonly Slot<Key, Fact>[] {
  const slots: Slot<Key, Fact>[] = []
  for (const [id, slot] of waiting) {
    if (slots.length === most) break
    slots.push(slot)
    waiting.delete(id)
  }
  return slots
}

/** Never throws: a failed statement is the failure of each of its callers. */
async function answer<Key, Fact>(slots: readonly Slot<Key, Fact>[], ask: CoalesceOptions<Key, Fact>['ask']): Promise<void> {
  try {
    const facts = await ask(slots.map((slot) => slot.key))
    for (const [index, slot] of slots.entries()) slot.resolve(facts[index])
  } catch (error) {
    for (const slot of slots) slot.reject(error)
  }
}
