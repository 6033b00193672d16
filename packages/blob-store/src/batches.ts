import type { Readable } from 'node:stream'

/** Bytes in one batch, give or take one chunk. Large enough that the operating system's part of a write outweighs ours. */
export const batchSize = 1024 * 1024

/**
 * Chunks in one batch, whatever their size: what one writev takes on Linux (IOV_MAX). Without this bound a client that sends a byte
 * at a time would fill the memory with a million small objects before one batch is complete.
 */
export const batchChunks = 1024

/** A source, read ahead by one batch while the batch before it is being stored. */
export interface Batches {
  /** The next bytes, or undefined when there are no more. Never an empty list. */
  next(): Promise<readonly Uint8Array[] | undefined>
  /** Lets go of the source, which stays paused: it belongs to the caller. What was read ahead still comes out of `next`. */
  release(): void
}

/**
 * Starts to read `source`. A source that breaks off, that was destroyed before, or whose time is up by `signal`, has ended:
 * what it gave by then comes out of `next`.
 */
export function collectBatches(source: Readable, signal?: AbortSignal): Batches {
  let chunks: Uint8Array[] = []
  let size = 0
  let ended = source.destroyed || source.readableEnded || signal?.aborted === true
  let wake: (() => void) | undefined

  const isFull = () => size >= batchSize || chunks.length >= batchChunks
  const isReady = () => ended || isFull()
  const take = (chunk: Uint8Array) => {
    if (chunk.byteLength === 0) return
    chunks.push(chunk)
    size += chunk.byteLength
    if (!isFull()) return
    source.pause()
    wake?.()
  }
  const release = () => {
    ended = true
    source.off('data', take).off('end', release).off('error', release).off('close', release)
    signal?.removeEventListener('abort', release)
    source.pause()
    wake?.()
  }

  // Stays: the caller may destroy the source with an error after it was let go, and an error that nobody hears ends the process.
  source.on('error', () => {})
  if (!ended) {
    // `close` as well: a source that is destroyed without an error emits neither of the other two.
    source.on('data', take).on('end', release).on('error', release).on('close', release)
    signal?.addEventListener('abort', release)
    source.resume()
  }

  return {
    async next() {
      while (!isReady()) await new Promise<void>((resolve) => (wake = resolve))
      if (chunks.length === 0) return undefined
      const batch = chunks
      chunks = []
      size = 0
      if (!ended) source.resume()
      return batch
    },
    release,
  }
}
