/** Where a command writes: its answer, and what it says beside. Arguments, so that tests can read both. */
export interface Terminal {
  /** A part of the answer, as it is. */
  readonly write: (text: string) => void
  /** A sentence for a person. */
  readonly say: (text: string) => void
  /** Replaces what `progress` showed last; nothing where nobody watches. */
  readonly progress: (text: string) => void
}

/** Milliseconds between two pictures of a progress. */
const every = 200

export function processTerminal({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>, now: () => number): Terminal {
  let shown = Number.NEGATIVE_INFINITY
  const clear = (): void => {
    if (stderr.isTTY && shown > 0) stderr.write('\r\u{1b}[K')
  }
  return {
    write(text) {
      clear()
      stdout.write(text)
    },
    say(text) {
      clear()
      stderr.write(`${text}\n`)
    },
    progress(text) {
      if (!stderr.isTTY || now() - shown < every) return
      shown = now()
      stderr.write(`\r\u{1b}[K${text.slice(0, (stderr.columns || 80) - 1)}`)
    },
  }
}
