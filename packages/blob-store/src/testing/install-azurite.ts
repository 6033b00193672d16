/** Installs the Azure emulator that the tests of the Azure store run against: `node packages/blob-store/src/testing/install-azurite.ts`. */
import { installAzurite } from './azurite.ts'

const installed = installAzurite()
if ('program' in installed) console.log(installed.program)
else {
  console.error(installed.skipped)
  process.exitCode = 1
}
