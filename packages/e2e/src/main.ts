/**
 * Drives a running Roadstead from outside: `npm run e2e -- [--only docker,crane,faults,'kill -9',crash,'crash s3',outage] [--large | --gib 0.1]
 * [--kills 40] [--repeats 20] [--target host:port --user U --password P]`.
 * Without --target it starts one of its own on a free port.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { allClients } from './clients/all.ts'
import { allCrashes } from './crash/all.ts'
import { allFaults } from './faults/all.ts'
import { allOutages } from './outage/all.ts'
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
    // Kills at random moments on each backend, and rounds through all crash points.
    kills: { type: 'string', default: '3' },
    repeats: { type: 'string', default: '1' },
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

const groups = { faults: allFaults, crash: allCrashes, outage: allOutages }
const counts = { kills: Number(options.kills), repeats: Number(options.repeats) }
const blobBytes = (options.large ? 5 : Number(options.gib)) * 1024 ** 3
for (const [group, faults] of Object.entries(groups)) {
  const chosen = faults.filter(({ name }) => wanted(group) || wanted(name))
  if (options.target !== undefined) {
    if (chosen.length > 0) steps(group, record).skip(`all of ${group}`, 'servers of their own are started and killed, so not with --target')
    continue
  }
  for (const fault of chosen) await runFault(fault, { folder: join(folder, group), blobBytes, counts, record })
}

const passed = printReport(outcomes)
if (passed && !options.keep) rmSync(folder, { recursive: true, force: true })
else console.log(`kept: ${folder}`)
process.exitCode = passed ? 0 : 1
