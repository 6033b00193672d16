import assert from 'node:assert/strict'
import { readBlob } from '../images/layout.ts'
import { pushLayout } from '../raw/push-layout.ts'
import { OCI_INDEX, openRepository } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const skopeo: Client = {
  name: 'skopeo',
  needs: ['skopeo'],
  script: async ({ step, $, registry, folder, images }) => {
    const repository = `docker://${registry.host}/e2e/skopeo`
    const { single, multi } = images.busybox
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']

    await step('a wrong password is told as such', async () => {
      await $.fails(
        /unauthorized|invalid username\/password|authentication/i,
      )`skopeo login --tls-verify=false ${registry.host} -u ${registry.user} -p wrong`
    })
    await step('login', async () => {
      await $.input(registry.password)`skopeo login --tls-verify=false ${registry.host} -u ${registry.user} --password-stdin`
    })
    await step('copy from a layout: the manifest is served byte for byte', async () => {
      await $`skopeo copy ${plain} oci:${single.folder}:v1 ${repository}:v1`
      assert.deepEqual(await (await openRepository(registry, 'e2e/skopeo')).manifest('v1'), readBlob(single, single.top.digest))
    })
    await step('inspect', async () => {
      const { stdout } = await $`skopeo inspect --tls-verify=false ${repository}:v1`
      assert.equal((JSON.parse(stdout) as { Digest: string }).Digest, single.top.digest)
      const raw = await $`skopeo inspect --tls-verify=false --raw ${repository}:v1`
      assert.equal(raw.stdout, readBlob(single, single.top.digest).toString())
    })
    await step('copy --format v2s2', async () => {
      await $`skopeo copy ${plain} --format v2s2 oci:${single.folder}:v1 ${repository}:docker`
      const { stdout } = await $`skopeo inspect --tls-verify=false --raw ${repository}:docker`
      assert.match(stdout, /application\/vnd\.docker\.distribution\.manifest\.v2\+json/)
    })
    await step('copy --format oci of a docker manifest', async () => {
      await $`skopeo copy ${plain} --format oci ${repository}:docker ${repository}:oci`
      const { stdout } = await $`skopeo inspect --tls-verify=false --raw ${repository}:oci`
      assert.match(stdout, /application\/vnd\.oci\.image\.config\.v1\+json/)
    })
    await step('copy --all of a multi-arch index', async () => {
      await $`skopeo copy ${plain} --all oci:${multi.folder}:v1 ${repository}/multi:v1`
      const { stdout } = await $`skopeo inspect --tls-verify=false --raw ${repository}/multi:v1`
      assert.equal((JSON.parse(stdout) as { mediaType: string }).mediaType, OCI_INDEX)
      assert.equal(stdout, readBlob(multi, multi.top.digest).toString())
    })
    await step('copy out again: the same bytes', async () => {
      await $`skopeo copy ${plain} ${repository}:v1 oci:${folder}/back:v1`
      const back = { ...single, folder: `${folder}/back` }
      const manifest = JSON.parse(readBlob(back, single.top.digest).toString()) as { layers: { digest: string }[] }
      for (const { digest } of manifest.layers) assert.deepEqual(readBlob(back, digest), readBlob(single, digest))
    })
    await step("Debian's base system in layers, in and out", async () => {
      const { layout } = images.debian()
      await $`skopeo copy ${plain} oci:${layout.folder}:v1 ${repository}/debian:bookworm`
      await $`skopeo copy ${plain} ${repository}/debian:bookworm oci:${folder}/debian:v1`
    })
    await step('copy between repositories of the registry', async () => {
      await $`skopeo copy ${plain} ${repository}:v1 ${repository}/promoted:v1`
    })
    await step('a Windows manifest with a foreign layer is copied unchanged', async () => {
      await pushLayout(await openRepository(registry, 'e2e/skopeo/windows'), images.windows)
      await $`skopeo copy ${plain} ${repository}/windows:v1 ${repository}/windows-promoted:v1`
      const { stdout } = await $`skopeo inspect --tls-verify=false --raw ${repository}/windows-promoted:v1`
      assert.equal(stdout, readBlob(images.windows, images.windows.top.digest).toString())
    })
    await step('list-tags', async () => {
      const { stdout } = await $`skopeo list-tags --tls-verify=false ${repository}`
      assert.deepEqual((JSON.parse(stdout) as { Tags: string[] }).Tags.toSorted(), ['docker', 'oci', 'v1'])
    })
    await step('sync a repository out to a folder and back in', async () => {
      await $`skopeo sync ${plain} --src docker --dest dir ${registry.host}/e2e/skopeo ${folder}/synced`
      await $`skopeo sync ${plain} --src dir --dest docker ${folder}/synced ${registry.host}/e2e/synced`
      const { stdout } = await $`skopeo list-tags --tls-verify=false docker://${registry.host}/e2e/synced/skopeo`
      assert.deepEqual((JSON.parse(stdout) as { Tags: string[] }).Tags.toSorted(), ['docker', 'oci', 'v1'])
    })
    await step('delete', async () => {
      await $`skopeo delete --tls-verify=false ${repository}:docker`
      await $.fails(/manifest unknown|not found/)`skopeo inspect --tls-verify=false ${repository}:docker`
      await $`skopeo inspect --tls-verify=false ${repository}:v1`
    })
    await step('logout', async () => {
      await $`skopeo logout ${registry.host}`
      await $.fails(/unauthorized|authentication required/i)`skopeo inspect --tls-verify=false ${repository}:v1`
    })
  },
}
