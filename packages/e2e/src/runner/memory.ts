import { readdirSync, readFileSync } from 'node:fs'

/** Resident memory of one process in bytes; 0 when it is gone. Linux only. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`${pid}/status`))?.[1]
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024
}

/** Resident memory of a process and all of its descendants. Pages that they share count once for each. */
export function treeResidentBytes(root: number): number {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    // The command's name is in parentheses and may itself contain any character.
    if (Number.isInteger(pid)) parents.set(pid, Number(readProc(`${name}/stat`).split(') ').at(-1)?.split(' ')[1]))
  }
  const belongs = (pid: number): boolean => pid === root || (parents.has(pid) && belongs(parents.get(pid) ?? 0))
  return [...parents.keys()].filter(belongs).reduce((sum, pid) => sum + residentBytes(pid), 0)
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return ''
  }
}

/** Samples a figure until stopped; answers the largest. */
export function watchPeak(sample: () => number, everyMs = 100): () => number {
  let peak = sample()
  const timer = setInterval(() => (peak = Math.max(peak, sample())), everyMs)
  return () => {
    clearInterval(timer)
    return Math.max(peak, sample())
  }
}
