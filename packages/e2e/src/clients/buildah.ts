import assert from 'node:assert/strict'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'
import { configureContainers } from '../runner/containers-config.ts'

export const buildah: Client = {
  name: 'buildah',
  needs: ['buildah'],
  needsRoot: true,
  script: async ({ step, $, registry, folder, images }) => {
    configureContainers(folder, registry.host)
    const repository = `${registry.host}/e2e/buildah`

    await step('login', async () => {
      await $.fails(/unauthorized|invalid username\/password/i)`buildah login -u ${registry.user} -p wrong ${registry.host}`
      await $`buildah login -u ${registry.user} -p ${registry.password} ${registry.host}`
    })
    await step('build and push; the digest written is the digest served', async () => {
      await $`buildah build -q -t ${repository}:v1 ${images.busybox.context}`
      await $`buildah push --digestfile ${folder}/digest ${repository}:v1`
      const { stdout } = await $`cat ${folder}/digest`
      assert.equal(sha256(await (await openRepository(registry, 'e2e/buildah')).manifest('v1')), stdout)
    })
    await step('pull', async () => {
      await $`buildah rmi ${repository}:v1`
      await $`buildah pull ${repository}:v1`
    })
    await step('from, config, commit, push', async () => {
      const { stdout: container } = await $`buildah from ${repository}:v1`
      await $`buildah config --label changed=yes ${container}`
      await $`buildah commit -q ${container} ${repository}:v2`
      await $`buildah push ${repository}:v2`
    })
    await step('manifest push --all', async () => {
      await $`buildah manifest create roadstead-list ${repository}:v1 ${repository}:v2`
      await $`buildah manifest push --all roadstead-list docker://${repository}:list`
      const { stdout } = await $`buildah manifest inspect ${repository}:list`
      assert.match(stdout, /"manifests"/)
    })
    await step('logout', async () => {
      await $`buildah logout ${registry.host}`
      await $`buildah rmi --all --force`
      await $.fails(/unauthorized|authentication required/i)`buildah pull ${repository}:v1`
    })
  },
}
