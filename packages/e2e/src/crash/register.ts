import type { Operation } from './history.ts'

/** What a tag names: a digest, or nothing. */
type Value = string | undefined

/** `erase` removes the manifest `value`, and so the tag if it names that one at the time. */
export type RegisterOperation = Operation & { readonly op: 'write' | 'delete' | 'erase' | 'read' }

interface Step {
  readonly operation: RegisterOperation
  /** By when it has taken effect; never for certain where its answer was lost. */
  readonly end: number
}

/**
 * Whether the operations on one tag can be put into one order that a single register would allow, in which no operation comes before one that
 * had ended when it began (Wing and Gong, with the states that were tried remembered). Operations of unknown outcome may have happened at
 * any time after they began, or not at all. Answers the longest order that was found where there is none; undefined where all is well.
 */
export function findDisorder(operations: readonly RegisterOperation[], initial?: Value): readonly RegisterOperation[] | undefined {
  const steps = operations
    .filter(({ result, op }) => result === 'ok' || (result === 'info' && op !== 'read'))
    .map((operation): Step => ({ operation, end: operation.result === 'info' ? Infinity : operation.end }))
    .sort((one, other) => one.operation.start - other.operation.start)
  const tried = new Set<string>()
  let longest: readonly Step[] = []

  const search = (left: readonly Step[], value: Value, order: readonly Step[]): boolean => {
    if (left.every(({ end }) => end === Infinity)) return true
    if (order.length > longest.length) longest = order
    const state = `${left.map((step) => steps.indexOf(step)).join()} ${value ?? ''}`
    if (tried.has(state)) return false
    tried.add(state)
    const firstEnd = Math.min(...left.map(({ end }) => end))
    for (const step of left) {
      if (step.operation.start > firstEnd) break
      const next = apply(step.operation, value)
      if (next !== 'impossible' && search(without(left, step), next.value, [...order, step])) return true
    }
    return false
  }
  return search(steps, initial, []) ? undefined : longest.map(({ operation }) => operation)
}

function apply({ op, value }: RegisterOperation, current: Value): { readonly value: Value } | 'impossible' {
  if (op === 'read') return value === current ? { value: current } : 'impossible'
  if (op === 'write') return { value }
  if (op === 'delete') return { value: undefined }
  return { value: value === current ? undefined : current }
}

function without(steps: readonly Step[], one: Step): readonly Step[] {
  return steps.filter((step) => step !== one)
}
