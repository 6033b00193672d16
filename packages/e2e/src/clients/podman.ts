import assert from 'node:assert/strict'
import { GREETING } from '../images/busybox.ts'
import { pushLayout } from '../raw/push-layout.ts'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'
import { configureContainers } from '../runner/containers-config.ts'

export const podman: Client = {
  name: 'podman',
  needs: ['podman'],
  needsRoot: true,
  script: async ({ step, $, registry, folder, images }) => {
    configureContainers(folder, registry.host)
    const repository = `${registry.host}/e2e/podman`
    const image = `${repository}:v1`

    await step('a wrong password is told as such', async () => {
      await $.fails(/unauthorized|invalid username\/password/i)`podman login ${registry.host} -u ${registry.user} -p wrong`
    })
    await step('login', async () => {
      await $.input(registry.password)`podman login ${registry.host} -u ${registry.user} --password-stdin`
    })
    await step('build and push; the digest written is the digest served', async () => {
      await $`podman build -q -t ${image} ${images.busybox.context}`
      await $`podman push --digestfile ${folder}/digest ${image}`
      const { stdout } = await $`cat ${folder}/digest`
      assert.equal(sha256(await (await openRepository(registry, 'e2e/podman')).manifest('v1')), stdout)
    })
    await step('pull', async () => {
      await $`podman rmi ${image}`
      await $`podman pull ${image}`
    })
    await step('run what was pulled', async () => {
      const { stdout } =
        await $`podman --cgroup-manager cgroupfs run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 ${image}`
      assert.equal(stdout, GREETING)
    })
    await step('push in docker format', async () => {
      await $`podman push --format v2s2 ${image} ${repository}:docker`
    })
    await step('pull from an OCI index takes the own platform', async () => {
      await pushLayout(await openRepository(registry, 'e2e/podman/multi'), images.busybox.multi)
      await $`podman pull ${repository}/multi:v1`
    })
    await step('manifest: create, add, push --all, inspect', async () => {
      await $`podman manifest create roadstead-list ${image}`
      await $`podman manifest push --all roadstead-list docker://${repository}:list`
      const { stdout } = await $`podman manifest inspect ${repository}:list`
      assert.match(stdout, /"manifests"/)
    })
    await step('search --list-tags', async () => {
      const { stdout } = await $`podman search --list-tags ${repository}`
      const rows = stdout.split('\n').slice(1)
      assert.deepEqual(rows.map((row) => row.split(/\s+/)[1] ?? '').toSorted(), ['docker', 'list', 'v1'])
    })
    await step('logout', async () => {
      await $`podman logout ${registry.host}`
      await $.fails(/unauthorized|authentication required/i)`podman pull ${repository}:docker`
    })
  },
}
