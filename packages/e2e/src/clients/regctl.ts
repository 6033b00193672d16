import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBlob } from '../images/layout.ts'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const regctl: Client = {
  name: 'regctl',
  needs: ['regctl'],
  script: async ({ step, $, registry, folder, images }) => {
    const repository = `${registry.host}/e2e/regctl`
    const { single, multi } = images.busybox
    writeFileSync(join(folder, 'bill.json'), '{"packages":[]}')

    await step('a wrong password is told as such', async () => {
      await $`regctl registry set --tls=disabled --skip-check ${registry.host}`
      await $.fails(/unauthorized/i)`regctl registry login ${registry.host} -u ${registry.user} -p wrong`
    })
    await step('login', async () => {
      await $.input(registry.password)`regctl registry login ${registry.host} -u ${registry.user} --pass-stdin`
    })
    await step('image copy from a layout: byte for byte', async () => {
      await $`regctl image copy ocidir://${single.folder}:v1 ${repository}:v1`
      assert.deepEqual(await (await openRepository(registry, 'e2e/regctl')).manifest('v1'), readBlob(single, single.top.digest))
    })
    await step('image copy of an index', async () => {
      await $`regctl image copy ocidir://${multi.folder}:v1 ${repository}/multi:v1`
      assert.equal((await $`regctl image digest ${repository}/multi:v1`).stdout, multi.top.digest)
    })
    await step('image copy inside the registry, with referrers', async () => {
      await $`regctl artifact put --subject ${repository}:v1 --artifact-type application/vnd.example.bill -f bill.json`
      await $`regctl image copy --referrers ${repository}:v1 ${repository}/promoted:v1`
      assert.match((await $`regctl artifact list ${repository}/promoted:v1`).stdout, /application\/vnd\.example\.bill/)
    })
    await step('a Windows manifest with a foreign layer', async () => {
      const { windows } = images
      await $`regctl image copy ocidir://${windows.folder}:v1 ${repository}/windows:v1`
      assert.equal((await $`regctl image digest ${repository}/windows:v1`).stdout, windows.top.digest)
    })
    await step('artifact put, list, get', async () => {
      const { stdout } = await $`regctl artifact list ${repository}:v1 --format body`
      assert.match(stdout, /application\/vnd\.example\.bill/)
      await $`regctl artifact put --artifact-type application/vnd.example.bill -f bill.json ${repository}:bill`
      assert.equal((await $`regctl artifact get ${repository}:bill`).stdout, '{"packages":[]}')
    })
    await step('artifact list filtered by type', async () => {
      const { stdout } = await $`regctl artifact list ${repository}:v1 --filter-artifact-type application/vnd.example.other`
      assert.doesNotMatch(stdout, /application\/vnd\.example\.bill/)
    })
    await step('blob put, head, get, delete', async () => {
      const text = 'a blob of its own'
      const digest = sha256(Buffer.from(text))
      await $.input(text)`regctl blob put ${repository}/blobs`
      await $`regctl blob head ${repository}/blobs ${digest}`
      assert.equal((await $`regctl blob get ${repository}/blobs ${digest}`).stdout, text)
      await $`regctl blob delete ${repository}/blobs ${digest}`
      await $.fails(/not found/)`regctl blob get ${repository}/blobs ${digest}`
    })
    await step('tag ls', async () => {
      assert.deepEqual((await $`regctl tag ls ${repository}`).stdout.split('\n').toSorted(), ['bill', 'v1'])
    })
    await step('tag delete leaves the manifest', async () => {
      await $`regctl tag delete ${repository}:bill`
      assert.deepEqual((await $`regctl tag ls ${repository}`).stdout.split('\n'), ['v1'])
      await $`regctl image copy ${repository}:v1 ${repository}:second`
      await $`regctl tag delete ${repository}:second`
      assert.equal((await $`regctl image digest ${repository}:v1`).stdout, single.top.digest)
    })
    await step('repo ls', async () => {
      assert.match((await $`regctl repo ls ${registry.host}`).stdout, /^e2e\/regctl$/m)
    })
    await step('manifest delete', async () => {
      await $`regctl manifest delete ${repository}/promoted@${single.top.digest}`
      await $.fails(/not found/)`regctl manifest head ${repository}/promoted:v1`
    })
    await step('logout', async () => {
      await $`regctl registry logout ${registry.host}`
      await $.fails(/unauthorized/i)`regctl manifest head ${repository}:v1`
    })
  },
}
