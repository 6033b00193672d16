import { appendFileSync, readFileSync } from 'node:fs'
import { resolve4 } from 'node:dns/promises'

/**
 * Makes a `*.localhost` name resolve for every client. glibc programs resolve these names where libnss-myhostname is
 * installed; statically linked Go programs read /etc/hosts and ask the name server, nothing else.
 * Answers why the name stays unresolved, or undefined.
 */
export async function resolveLocally(name: string): Promise<string | undefined> {
  const lines = readFileSync('/etc/hosts', 'utf8').split('\n')
  if (lines.some((line) => line.replace(/#.*/, '').split(/\s+/).slice(1).includes(name))) return undefined
  try {
    appendFileSync('/etc/hosts', `127.0.0.1 ${name}\n`)
    return undefined
  } catch {
    if (await serverKnows(name)) return undefined
    return `${name} does not resolve, and this user may not change that: echo '127.0.0.1 ${name}' | sudo tee -a /etc/hosts`
  }
}

/** systemd-resolved answers for `*.localhost`; most name servers do not. */
async function serverKnows(name: string): Promise<boolean> {
  try {
    return (await resolve4(name)).includes('127.0.0.1')
  } catch {
    return false
  }
}
