import assert from 'node:assert/strict'
import { readBlob } from '../images/layout.ts'
import { openRepository } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const crane: Client = {
  name: 'crane',
  needs: ['crane'],
  script: async ({ step, $, registry, folder, images }) => {
    const repository = `${registry.host}/e2e/crane`
    const { single, multi } = images.busybox

    await step('a wrong password is refused', async () => {
      await $`crane auth login ${registry.host} -u ${registry.user} -p wrong`
      await $.fails(/unauthorized/i)`crane push ${single.folder} ${repository}:v1`
    })
    await step('login', async () => {
      await $.input(registry.password)`crane auth login ${registry.host} -u ${registry.user} --password-stdin`
    })
    await step('push: the manifest is served byte for byte', async () => {
      await $`crane push ${single.folder} ${repository}:v1`
      assert.deepEqual(await (await openRepository(registry, 'e2e/crane')).manifest('v1'), readBlob(single, single.top.digest))
    })
    await step('digest, manifest, config', async () => {
      assert.equal((await $`crane digest ${repository}:v1`).stdout, single.top.digest)
      assert.equal((await $`crane manifest ${repository}:v1`).stdout, readBlob(single, single.top.digest).toString())
      assert.match((await $`crane config ${repository}:v1`).stdout, /"architecture":"amd64"/)
    })
    await step('pull', async () => {
      await $`crane pull --format oci ${repository}:v1 ${folder}/pulled`
      assert.deepEqual(readBlob({ ...single, folder: `${folder}/pulled` }, single.top.digest), readBlob(single, single.top.digest))
    })
    await step('validate: every blob has the bytes that it is named by', async () => {
      await $`crane validate --remote ${repository}:v1`
    })
    await step('cp inside the registry', async () => {
      await $`crane cp ${repository}:v1 ${repository}/promoted:v1`
      assert.equal((await $`crane digest ${repository}/promoted:v1`).stdout, single.top.digest)
    })
    // With --index, crane pushes the layout's own index: one index inside another.
    await step('push of an index in an index', async () => {
      await $`crane push --index ${multi.folder} ${repository}/multi:v1`
      assert.equal((await $`crane manifest ${repository}/multi@${multi.top.digest}`).stdout, readBlob(multi, multi.top.digest).toString())
      await $`crane validate --remote ${repository}/multi:v1`
    })
    await step('index append and filter', async () => {
      await $`crane index append ${repository}/multi@${multi.top.digest} -m ${repository}:v1 -t ${repository}/multi:more`
      await $`crane index filter ${repository}/multi:more --platform linux/arm64 -t ${repository}/multi:arm`
      const { stdout } = await $`crane manifest ${repository}/multi:arm`
      assert.match(stdout, /arm64/)
      assert.doesNotMatch(stdout, /amd64/)
    })
    await step('a Windows manifest with a foreign layer', async () => {
      const { windows } = images
      await $`crane push ${windows.folder} ${repository}/windows:v1`
      assert.equal((await $`crane manifest ${repository}/windows:v1`).stdout, readBlob(windows, windows.top.digest).toString())
      await $`crane cp ${repository}/windows:v1 ${repository}/windows-promoted:v1`
    })
    await step('mutate', async () => {
      await $`crane mutate ${repository}:v1 --label changed=yes --tag ${repository}:v2`
      assert.match((await $`crane config ${repository}:v2`).stdout, /"changed":"yes"/)
    })
    await step('append a layer', async () => {
      await $`crane append -b ${repository}:v1 -f ${single.folder}/../greeting.tar.gz -t ${repository}:v3`
    })
    await step('tag', async () => {
      await $`crane tag ${repository}:v1 stable`
      assert.equal((await $`crane digest ${repository}:stable`).stdout, single.top.digest)
    })
    await step('ls', async () => {
      assert.deepEqual((await $`crane ls ${repository}`).stdout.split('\n').toSorted(), ['stable', 'v1', 'v2', 'v3'])
    })
    await step('catalog', async () => {
      const names = (await $`crane catalog ${registry.host}`).stdout.split('\n')
      for (const name of ['e2e/crane', 'e2e/crane/multi', 'e2e/crane/promoted']) assert.ok(names.includes(name), `${name} is not listed`)
    })
    await step('blob', async () => {
      const manifest = JSON.parse((await $`crane manifest ${repository}:v1`).stdout) as { config: { digest: string } }
      const { stdout } = await $`crane blob ${repository}@${manifest.config.digest}`
      assert.equal(stdout, readBlob(single, manifest.config.digest).toString())
    })
    await step('delete by digest', async () => {
      const digest = (await $`crane digest ${repository}:v2`).stdout
      await $`crane delete ${repository}@${digest}`
      await $.fails(/MANIFEST_UNKNOWN|404|not found/i)`crane manifest ${repository}:v2`
    })
    await step('logout', async () => {
      await $`crane auth logout ${registry.host}`
      await $.fails(/unauthorized/i)`crane manifest ${repository}:v1`
    })
  },
}
