import type { ForkedWorker } from './fork-worker.ts'

/** Sees to it that one worker, and not more than one, does the work in the background. */
export function giveJobs(): { readonly watch: (worker: ForkedWorker) => void } {
  const ready = new Set<ForkedWorker>()
  let holder: ForkedWorker | undefined
  const give = (): void => {
    if (holder !== undefined) return
    // The youngest: it is the last one to be replaced.
    holder = [...ready].at(-1)
    holder?.send({ kind: 'do the jobs' })
  }
  const follow = async (worker: ForkedWorker): Promise<void> => {
    try {
      await worker.ready
    } catch {
      return
    }
    ready.add(worker)
    give()
    await worker.ended
    ready.delete(worker)
    // Only now that it is gone: what it does may not be for two at once.
    if (holder === worker) holder = undefined
    give()
  }
  return { watch: (worker) => void follow(worker) }
}
