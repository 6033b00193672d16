import { azureUnderTest, describeOnAzurite } from './testing/azure.ts'
import { describeBlobStore } from './testing/contract.ts'

describeOnAzurite('Azure', (bench) => {
  describeBlobStore('Azure, on azurite', () => azureUnderTest(bench), { noticesLossAtCommit: true })
})
