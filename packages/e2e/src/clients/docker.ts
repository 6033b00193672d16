import assert from 'node:assert/strict'
import { GREETING } from '../images/busybox.ts'
import { FOREIGN_URL } from '../images/windows.ts'
import { pushLayout } from '../raw/push-layout.ts'
import { openRepository, sha256 } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const docker: Client = {
  name: 'docker',
  needs: ['docker', 'dockerd'],
  needsRoot: true,
  engine: 'dockerd',
  script: async ({ step, $, registry, images }) => {
    const repository = `${registry.host}/e2e/docker/busybox`
    const image = `${repository}:v1`
    const raw = await openRepository(registry, 'e2e/docker/busybox')
    let digest = ''

    await step('a wrong password is told as such', async () => {
      await $.fails(/unauthorized|incorrect username or password/i)`docker login ${registry.host} -u ${registry.user} -p wrong`
    })
    await step('push without login is refused', async () => {
      await $`docker build -q -t ${image} ${images.busybox.context}`
      await $.fails(/unauthorized|no basic auth|denied/i)`docker push ${image}`
    })
    await step('login', async () => {
      const { stdout } = await $.input(registry.password)`docker login ${registry.host} -u ${registry.user} --password-stdin`
      assert.match(stdout, /Login Succeeded/)
    })
    await step('push; the digest that docker prints is the digest served', async () => {
      const { stdout } = await $`docker push ${image}`
      digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1] ?? ''
      assert.equal(sha256(await raw.manifest('v1')), digest)
    })
    await step('a second push sends nothing', async () => {
      const { stdout } = await $`docker push ${image}`
      assert.match(stdout, /Layer already exists/)
      assert.doesNotMatch(stdout, /: Pushed/)
    })
    await step('push to another repository mounts the layers', async () => {
      await $`docker tag ${image} ${registry.host}/e2e/docker/mounted:v1`
      const { stdout } = await $`docker push ${registry.host}/e2e/docker/mounted:v1`
      assert.match(stdout, /Mounted from e2e\/docker\/busybox/)
    })
    await step('pull by tag', async () => {
      await $`docker rmi ${image} ${registry.host}/e2e/docker/mounted:v1`
      const { stdout } = await $`docker pull ${image}`
      assert.match(stdout, new RegExp(digest))
    })
    await step('run what was pulled', async () => {
      const { stdout } = await $`docker run --rm --network none ${image}`
      assert.equal(stdout, GREETING)
    })
    await step('pull by digest', async () => {
      await $`docker rmi ${image}`
      await $`docker pull ${repository}@${digest}`
    })
    await step('a moved tag is pulled anew', async () => {
      await $`docker pull ${image}`
      await $`docker build -q -t ${image} --label moved=yes ${images.busybox.context}`
      await $`docker push ${image}`
      await $`docker rmi ${image}`
      const { stdout } = await $`docker pull ${image}`
      assert.doesNotMatch(stdout, new RegExp(digest))
    })
    await step("Debian's base system in layers: push, pull, run", async () => {
      const debian = `${registry.host}/e2e/docker/debian:bookworm`
      await $`docker build -q -t ${debian} ${images.debian().context}`
      await $`docker push ${debian}`
      await $`docker rmi ${debian}`
      await $`docker pull ${debian}`
      const { stdout } = await $`docker run --rm --network none ${debian}`
      assert.match(stdout, /^12\./)
    })
    await step('manifest list: create, annotate, push, inspect, pull', async () => {
      const list = `${repository}:list`
      await $`docker manifest create --insecure ${list} ${image}`
      await $`docker manifest annotate ${list} ${image} --os linux --arch amd64`
      await $`docker manifest push --insecure ${list}`
      const { stdout } = await $`docker manifest inspect --insecure ${list}`
      assert.match(stdout, /manifest\.list\.v2\+json/)
      await $`docker pull ${list}`
    })
    await step('pull from an OCI index takes the own platform', async () => {
      await pushLayout(await openRepository(registry, 'e2e/docker/multi'), images.busybox.multi)
      const { stdout } = await $`docker run --rm --network none ${registry.host}/e2e/docker/multi:v1`
      assert.equal(stdout, GREETING)
    })
    await step('a Windows manifest keeps its foreign layer', async () => {
      await pushLayout(await openRepository(registry, 'e2e/docker/windows'), images.windows)
      const { stdout } = await $`docker manifest inspect --insecure ${registry.host}/e2e/docker/windows:v1`
      assert.match(stdout, new RegExp(FOREIGN_URL))
      await $.fails(/operating system|platform/)`docker pull ${registry.host}/e2e/docker/windows:v1`
    })
    await step('a missing tag is told as such', async () => {
      await $.fails(/manifest unknown|not found/)`docker pull ${repository}:missing`
    })
    await step('logout', async () => {
      await $`docker logout ${registry.host}`
      await $.fails(/unauthorized|no basic auth|denied/i)`docker pull ${image}`
    })
  },
}
