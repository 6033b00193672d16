import assert from 'node:assert/strict'
import { GREETING } from '../images/busybox.ts'
import { readBlob } from '../images/layout.ts'
import { pushLayout } from '../raw/push-layout.ts'
import { openRepository } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const containerd: Client = {
  name: 'containerd',
  needs: ['containerd', 'ctr'],
  needsRoot: true,
  engine: 'containerd',
  script: async ({ step, $, registry, images }) => {
    const repository = `${registry.host}/e2e/containerd`
    const { single, multi } = images.busybox
    const login = ['--plain-http', '--user', `${registry.user}:${registry.password}`]

    await pushLayout(await openRepository(registry, 'e2e/containerd'), single)
    await step('a wrong password is refused', async () => {
      await $.fails(/401|unauthorized|authorization failed/i)`ctr images pull --plain-http --user ${registry.user}:wrong ${repository}:v1`
    })
    await step('pull', async () => {
      const { stdout } = await $`ctr images pull ${login} ${repository}:v1`
      assert.match(stdout, new RegExp(single.top.digest))
    })
    await step('run what was pulled', async () => {
      const { stdout } = await $`ctr run --rm ${repository}:v1 greeting`
      assert.equal(stdout, GREETING)
    })
    await step('pull by digest', async () => {
      await $`ctr images pull ${login} ${repository}@${single.top.digest}`
    })
    await step('push under another name: the same manifest', async () => {
      await $`ctr images tag ${repository}:v1 ${repository}/again:v1`
      await $`ctr images push ${login} ${repository}/again:v1`
      assert.deepEqual(await (await openRepository(registry, 'e2e/containerd/again')).manifest('v1'), readBlob(single, single.top.digest))
    })
    await step('pull all platforms of an index and push them', async () => {
      await pushLayout(await openRepository(registry, 'e2e/containerd/multi'), multi)
      await $`ctr images pull ${login} --all-platforms ${repository}/multi:v1`
      await $`ctr images tag ${repository}/multi:v1 ${repository}/multi-again:v1`
      await $`ctr images push ${login} ${repository}/multi-again:v1`
      assert.deepEqual(
        await (await openRepository(registry, 'e2e/containerd/multi-again')).manifest('v1'),
        readBlob(multi, multi.top.digest),
      )
    })
    await step('a missing tag is told as such', async () => {
      await $.fails(/not found/)`ctr images pull ${login} ${repository}:missing`
    })
  },
}
