import type { Target } from '@roadstead/e2e/runner/target.ts'
import { pushContent } from './content.ts'
import { format, summarise } from './summary.ts'
import { measure } from './wrk.ts'

export interface CompareOptions {
  readonly wrk: string
  readonly rounds: number
  readonly seconds: number
}

/** Pushes the same content to all, reads it from each in turns, prints a row per kind of read; ratios are first to other. */
export async function compareReads(servers: Readonly<Record<string, Target>>, options: CompareOptions): Promise<void> {
  const requests = new Map<string, Awaited<ReturnType<typeof pushContent>>>()
  for (const [name, server] of Object.entries(servers)) requests.set(name, await pushContent(server))
  const names = [...requests.keys()]
  const kinds = Object.keys(requests.get(names[0] ?? '') ?? {})

  console.log(`\nrequests/s: median (min-max) of ${options.rounds} rounds of ${options.seconds} s, 32 connections, one wrk thread`)
  console.log(['read'.padEnd(20), ...names.map((name) => name.padStart(28)), ...names.slice(1).map(() => 'ratio'.padStart(8))].join(' '))
  for (const kind of kinds) {
    const rates = new Map<string, number[]>(names.map((name) => [name, []]))
    for (let round = 0; round < options.rounds; round += 1) {
      for (const name of names) {
        const request = requests.get(name)?.[kind]
        if (request !== undefined) rates.get(name)?.push(measure(options.wrk, request, options.seconds))
      }
    }
    const results = names.map((name) => summarise(rates.get(name) ?? []))
    const ratios = results.slice(1).map(({ median }) => `${((results[0]?.median ?? 0) / median).toFixed(2)}x`.padStart(8))
    console.log([kind.padEnd(20), ...results.map((result) => format(result).padStart(28)), ...ratios].join(' '))
  }
}
