import { spawnSync } from 'node:child_process'

export interface Request {
  readonly host: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** Requests per second of one wrk run: one thread, 32 connections. Any answer that is not 2xx or 3xx makes the run worthless. */
export function measure(wrk: string, request: Request, seconds: number): number {
  const headers = Object.entries({ ...request.headers, Host: request.host }).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const url = `http://127.0.0.1:${request.host.split(':')[1]}${request.path}`
  const run = spawnSync(wrk, ['-t', '1', '-c', '32', '-d', `${seconds}s`, ...headers, url], { encoding: 'utf8' })
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(run.stdout)?.[1]
  const bad = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(run.stdout)?.[0]
  if (rate === undefined || bad !== undefined) throw new Error(`wrk ${request.path}: ${bad ?? run.stdout + run.stderr}`)
  return Number(rate)
}
