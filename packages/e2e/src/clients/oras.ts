import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const oras: Client = {
  name: 'oras',
  needs: ['oras'],
  script: async ({ step, $, registry, folder, images }) => {
    const repository = `${registry.host}/e2e/oras`
    const http = '--plain-http'
    writeFileSync(join(folder, 'report.json'), '{"findings":[]}')
    writeFileSync(join(folder, 'bill.spdx'), 'SPDXVersion: SPDX-2.3\n')

    await step('a wrong password is told as such', async () => {
      await $.fails(/401|unauthorized/i)`oras login ${http} ${registry.host} -u ${registry.user} -p wrong`
    })
    await step('login', async () => {
      await $.input(registry.password)`oras login ${http} ${registry.host} -u ${registry.user} --password-stdin`
    })
    await step('push an artifact and pull it', async () => {
      await $`oras push ${http} ${repository}:v1 --artifact-type application/vnd.example.report report.json:application/json`
      await $`oras pull ${http} ${repository}:v1 -o pulled`
      assert.deepEqual(readFileSync(join(folder, 'pulled/report.json')), readFileSync(join(folder, 'report.json')))
    })
    await step('attach and discover', async () => {
      await $`oras attach ${http} ${repository}:v1 --artifact-type application/vnd.example.bill bill.spdx:text/spdx`
      await $`oras attach ${http} ${repository}:v1 --artifact-type application/vnd.example.report report.json:application/json`
      const { stdout } = await $`oras discover ${http} --format json ${repository}:v1`
      assert.match(stdout, /application\/vnd\.example\.bill/)
      assert.match(stdout, /application\/vnd\.example\.report/)
      const filtered = await $`oras discover ${http} --format json --artifact-type application/vnd.example.bill ${repository}:v1`
      assert.doesNotMatch(filtered.stdout, /application\/vnd\.example\.report"/)
    })
    await step('referrers come from the API, not from a fallback tag', async () => {
      await $`oras discover ${http} --distribution-spec v1.1-referrers-api --format json ${repository}:v1`
      assert.doesNotMatch((await $`oras repo tags ${http} ${repository}`).stdout, /sha256-/)
    })
    await step('copy with referrers', async () => {
      await $`oras cp --from-plain-http --to-plain-http -r ${repository}:v1 ${repository}/promoted:v1`
      assert.match((await $`oras discover ${http} --format json ${repository}/promoted:v1`).stdout, /application\/vnd\.example\.bill/)
    })
    await step('copy of a multi-arch index from a layout', async () => {
      await $`oras cp --to-plain-http --from-oci-layout ${images.busybox.multi.folder}:v1 ${repository}/multi:v1`
      const { stdout } = await $`oras manifest fetch ${http} --descriptor ${repository}/multi:v1`
      assert.match(stdout, new RegExp(images.busybox.multi.top.digest))
    })
    await step('tag, repo tags, repo ls', async () => {
      await $`oras tag ${http} ${repository}:v1 stable latest`
      assert.deepEqual((await $`oras repo tags ${http} ${repository}`).stdout.split('\n').toSorted(), ['latest', 'stable', 'v1'])
      assert.match((await $`oras repo ls ${http} ${registry.host}`).stdout, /^e2e\/oras$/m)
    })
    await step('resolve', async () => {
      assert.match((await $`oras resolve ${http} ${repository}:v1`).stdout, /^sha256:[0-9a-f]{64}$/)
    })
    await step('blob: push, fetch, delete', async () => {
      const digest = sha256(readFileSync(join(folder, 'bill.spdx')))
      await $`oras blob push ${http} ${repository}/blobs bill.spdx`
      await $`oras blob fetch ${http} --output fetched ${repository}/blobs@${digest}`
      assert.deepEqual(readFileSync(join(folder, 'fetched')), readFileSync(join(folder, 'bill.spdx')))
      await $`oras blob delete ${http} --force ${repository}/blobs@${digest}`
      await $.fails(/not found/)`oras blob fetch ${http} --output - ${repository}/blobs@${digest}`
    })
    await step('manifest: push, fetch, delete', async () => {
      await $`oras push ${http} ${repository}/gone:v1 report.json`
      const bytes = (await $`oras manifest fetch ${http} ${repository}/gone:v1`).stdout
      writeFileSync(join(folder, 'manifest.json'), bytes)
      await $`oras manifest push ${http} ${repository}/gone:v2 manifest.json`
      assert.equal((await $`oras manifest fetch ${http} ${repository}/gone:v2`).stdout, bytes)
      await $`oras manifest delete ${http} --force ${repository}/gone:v1`
      await $.fails(/not found/)`oras manifest fetch ${http} ${repository}/gone:v1`
    })
    await step('logout', async () => {
      await $`oras logout ${registry.host}`
      await $.fails(/401|unauthorized|credential/i)`oras pull ${http} ${repository}:v1 -o nothing`
    })
  },
}
