#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { WrongSettings } from '@roadstead/runtime/settings.ts'
import { readInstallationConfig } from './config.ts'
import { dump, restore } from './dump-commands.ts'
import { exitCodes } from './exit-codes.ts'
import { CannotOpen, openInstallation, reasonsOf } from './installation.ts'
import { readCommandLine } from './program.ts'
import type { Wish } from './program.ts'
import { createRegistry, listRegistries, resetPassword } from './registry-commands.ts'
import { processTerminal } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { runVerify } from './verify-command.ts'

enableCompileCache()
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const terminal = processTerminal(process, () => performance.now())
const wish = readCommandLine(process.argv.slice(2), version, (code) => (process.exitCode = code), {
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
})
if (wish !== undefined) process.exitCode = await carryOut(wish, terminal)

async function carryOut(asked: Wish, shown: Terminal): Promise<number> {
  try {
    const config = readInstallationConfig(asked.overrides)
    if (asked.command === 'dump') return await dump(config, asked.folder, shown)
    if (asked.command === 'restore') return await restore(config, asked.folder, shown)
    const installation = await openInstallation(config)
    try {
      if (asked.command === 'registry create') return await createRegistry(installation, asked, shown)
      if (asked.command === 'registry list') return await listRegistries(installation, asked.output, shown)
      if (asked.command === 'password reset') return await resetPassword(installation, asked, shown)
      const ports = { metadata: installation.facts, blobStore: installation.blobStore, now: () => new Date() }
      return await runVerify(ports, asked.wishes, shown, stop.signal)
    } finally {
      await installation.close()
    }
  } catch (error) {
    if (stop.signal.aborted) return 130
    shown.say(`roadstead: ${error instanceof CannotOpen || error instanceof WrongSettings ? error.message : reasonsOf(error).join(': ')}`)
    return error instanceof WrongSettings ? exitCodes.wrongUsage : exitCodes.cannotCheck
  }
}
