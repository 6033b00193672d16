import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pushLayout } from '../raw/push-layout.ts'
import { openRepository } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const cosign: Client = {
  name: 'cosign',
  needs: ['cosign'],
  script: async ({ step, $, registry, folder, images }) => {
    const { single } = images.busybox
    const digest = single.top.digest
    const signed = `${registry.host}/e2e/cosign@${digest}`
    const referred = `${registry.host}/e2e/cosign-referrers@${digest}`
    const raw = await openRepository(registry, 'e2e/cosign')
    const rawReferred = await openRepository(registry, 'e2e/cosign-referrers')
    // Nothing here may depend on the public transparency log.
    const sign = ['--key', 'cosign.key', '--tlog-upload=false', '--allow-http-registry', '--yes']
    const verify = ['--key', 'cosign.pub', '--insecure-ignore-tlog', '--allow-http-registry']
    writeFileSync(join(folder, 'bill.spdx'), 'SPDXVersion: SPDX-2.3\n')
    writeFileSync(join(folder, 'predicate.json'), '{"builder":"roadstead"}')
    await pushLayout(raw, single)
    await pushLayout(rawReferred, single)

    await step('login', async () => {
      await $`cosign login ${registry.host} -u ${registry.user} -p ${registry.password}`
    })
    await step('generate a key pair', async () => {
      await $`cosign generate-key-pair`
    })
    await step('an unsigned manifest does not verify', async () => {
      await $.fails(/no signatures found/)`cosign verify ${verify} ${signed}`
    })
    await step('sign and verify, signature under a tag', async () => {
      await $`cosign sign ${sign} ${signed}`
      assert.ok((await raw.tags()).includes(`${digest.replace(':', '-')}.sig`))
      await $`cosign verify ${verify} ${signed}`
    })
    await step('attach and download an SBOM', async () => {
      await $`cosign attach sbom --allow-http-registry --sbom bill.spdx ${signed}`
      const { stdout } = await $`cosign download sbom --allow-http-registry ${signed}`
      assert.match(stdout, /SPDX-2\.3/)
    })
    await step('attest and verify the attestation', async () => {
      await $`cosign attest ${sign} --type custom --predicate predicate.json ${signed}`
      await $`cosign verify-attestation ${verify} --type custom ${signed}`
    })
    await step('tree', async () => {
      assert.match((await $`cosign tree --allow-http-registry ${signed}`).stdout, /Signatures/)
    })
    await step('copy with signatures', async () => {
      const copy = `${registry.host}/e2e/cosign-copy`
      await $`cosign copy --allow-http-registry ${signed} ${copy}:v1`
      await $`cosign verify ${verify} ${copy}@${digest}`
    })
    await step('sign and verify by OCI 1.1 referrers', async () => {
      await $`cosign sign ${sign} --registry-referrers-mode=oci-1-1 ${referred}`
      assert.deepEqual(await rawReferred.tags(), ['v1'])
      await $`cosign verify ${verify} --experimental-oci11 ${referred}`
    })
    await step('clean', async () => {
      await $`cosign clean --allow-http-registry --force ${signed}`
      await $.fails(/no signatures found/)`cosign verify ${verify} ${signed}`
    })
  },
}
