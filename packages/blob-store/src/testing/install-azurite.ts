/** Installs the Azure emulator that the tests of the Azure store run against: `node packages/blob-store/src/testing/install-azurite.ts`. */
import { installAzurite } from './azurite.ts'

const installed = installAzurite()
if ('program' in installed) process.stdout.write(`${installed.program}\n`)
else {
  process.stderr.write(`${installed.skipped}\n`)
  process.exitCode = 1
}
