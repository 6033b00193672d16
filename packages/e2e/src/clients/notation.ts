import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pushLayout } from '../raw/push-layout.ts'
import { openRepository } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const notation: Client = {
  name: 'notation',
  needs: ['notation'],
  script: async ({ step, $, registry, folder, images }) => {
    const { single } = images.busybox
    const signed = `${registry.host}/e2e/notation@${single.top.digest}`
    const raw = await openRepository(registry, 'e2e/notation')
    await pushLayout(raw, single)

    // Without a credential helper notation keeps no login; its user name and password come from the environment.
    await step('a wrong password is told as such', async () => {
      await $.fails(/401|unauthorized/i)`notation ls --insecure-registry -u ${registry.user} -p wrong ${signed}`
    })
    await step('make a test certificate', async () => {
      await $`notation cert generate-test --default roadstead.test`
    })
    await step('import a trust policy', async () => {
      const policy = {
        name: 'e2e',
        registryScopes: ['*'],
        signatureVerification: { level: 'strict' },
        trustStores: ['ca:roadstead.test'],
        trustedIdentities: ['*'],
      }
      writeFileSync(join(folder, 'policy.json'), JSON.stringify({ version: '1.0', trustPolicies: [policy] }))
      await $`notation policy import policy.json`
    })
    await step('an unsigned manifest does not verify', async () => {
      await $.fails(/no signature|signature verification failed/i)`notation verify --insecure-registry ${signed}`
    })
    await step('sign and verify by the referrers API: no tag appears', async () => {
      await $`notation sign --insecure-registry --force-referrers-tag=false ${signed}`
      assert.match((await $`notation verify --insecure-registry ${signed}`).stdout, /Successfully verified/)
      assert.deepEqual(await raw.tags(), ['v1'])
    })
    // Its default writes the fallback tag even where the API is there; both signatures must be found.
    await step('sign as COSE with the fallback tag', async () => {
      await $`notation sign --insecure-registry --signature-format cose ${signed}`
      await $`notation verify --insecure-registry ${signed}`
      assert.equal((await $`notation ls --insecure-registry ${signed}`).stdout.match(/── sha256:/g)?.length, 2)
    })
    await step('ls and inspect', async () => {
      assert.match((await $`notation ls --insecure-registry ${signed}`).stdout, /application\/vnd\.cncf\.notary\.signature/)
      assert.match((await $`notation inspect --insecure-registry ${signed}`).stdout, /roadstead\.test/)
    })
  },
}
