/**
 * Drives a running Roadstead from outside: `npm run e2e -- [--only docker,crane,faults,'kill -9'] [--large | --gib 0.1] [--target host:port --user U --password P]`.
 * Without --target it starts one of its own on a free port.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { allClients } from './clients/all.ts'
import { allFaults } from './faults/all.ts'
import { printReport, printStep } from './runner/report.ts'
import { runClients } from './runner/run-clients.ts'
import { runFault } from './runner/run-fault.ts'
import { scratchFolder } from './runner/scratch.ts'
import { steps } from './runner/steps.ts'
import type { Outcome } from './runner/steps.ts'
import { targetFrom } from './runner/target.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    target: { type: 'string' },
    user: { type: 'string' },
    password: { type: 'string' },
    // Size of the one large blob of the faults: 1 GiB, another number of GiB, or 5 with --large.
    gib: { type: 'string', default: '1' },
    large: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const only = options.only?.split(',')
const wanted = (name: string): boolean => only === undefined || only.includes(name)

const outcomes: Outcome[] = []
const record = (outcome: Outcome): void => {
  outcomes.push(outcome)
  printStep(outcome)
}

const folder = scratchFolder('e2e')
const clients = allClients.filter(({ name }) => wanted(name))
if (clients.length > 0) await runClients(clients, { target: targetFrom(options), folder, record })

if (options.target === undefined) {
  const blobBytes = (options.large ? 5 : Number(options.gib)) * 1024 ** 3
  for (const fault of allFaults.filter(({ name }) => wanted('faults') || wanted(name))) {
    await runFault(fault, { folder: join(folder, 'faults'), blobBytes, record })
  }
} else if (wanted('faults')) {
  steps('faults', record).skip('all faults', 'they start, kill and restart a server of their own, so not with --target')
}

const passed = printReport(outcomes)
if (passed && !options.keep) rmSync(folder, { recursive: true, force: true })
else console.log(`kept: ${folder}`)
process.exitCode = passed ? 0 : 1
