import { setTimeout as sleep } from 'node:timers/promises'
import type { Ports } from '@roadstead/distribution/ports.ts'
import { createPace } from '@roadstead/distribution/scrub-pace.ts'
import { recheckDamaged, scrub } from '@roadstead/distribution/scrub.ts'
import type { Log } from '@roadstead/runtime/log.ts'
import type { Task } from './repeat.ts'

/** Milliseconds between two looks at whether a registry is due. */
const lookEvery = 60 * 60_000

export interface ScrubberSettings {
  /** What one process reads for it. Zero: nothing is checked in the background. */
  readonly bytesPerSecond: number
  /** Each blob is read once in this time, where the rate allows it. Milliseconds. */
  readonly every: number
}

/** Reads all bytes of all registries, slowly, again and again, and marks what is damaged. */
export function scrubber(ports: Ports, log: Log, { bytesPerSecond, every }: ScrubberSettings): readonly Task[] {
  if (bytesPerSecond === 0) return []
  const ofDamage: Ports = {
    ...ports,
    onBackgroundError: (error) => log.error('damage was found, or could not be looked for', { error }),
  }
  return [
    {
      name: 'check of all bytes',
      every: lookEvery,
      async round(signal) {
        const pace = createPace(
          bytesPerSecond,
          () => performance.now(),
          (milliseconds) => sleep(milliseconds, undefined, { signal }),
        )
        const sound = await recheckDamaged(ofDamage, pace, signal)
        if (sound > 0) log.info('blobs that were marked as damaged are sound again', { count: sound })
        const { checked, damaged } = await scrub(ofDamage, { every, pace, signal })
        if (checked > 0) log.info('the bytes of all blobs whose check was due were read', { count: checked, damaged })
      },
    },
  ]
}
