import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRepository } from '../raw/repository.ts'
import type { Client } from '../runner/client.ts'

export const helm: Client = {
  name: 'helm',
  needs: ['helm'],
  script: async ({ step, $, registry, folder }) => {
    const charts = `oci://${registry.host}/e2e/helm`
    const http = '--plain-http'
    mkdirSync(join(folder, 'harbour/templates'), { recursive: true })
    writeFileSync(join(folder, 'harbour/Chart.yaml'), 'apiVersion: v2\nname: harbour\nversion: 1.2.3\n')
    writeFileSync(join(folder, 'harbour/values.yaml'), 'berths: 4\n')
    writeFileSync(
      join(folder, 'harbour/templates/config.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: harbour\ndata:\n  berths: "{{ .Values.berths }}"\n',
    )

    await step('a wrong password is told as such', async () => {
      await $.fails(/401|unauthorized/i)`helm registry login ${http} ${registry.host} -u ${registry.user} -p wrong`
    })
    await step('login', async () => {
      await $.input(registry.password)`helm registry login ${http} ${registry.host} -u ${registry.user} --password-stdin`
    })
    await step('package and push; the digest printed is the digest served', async () => {
      await $`helm package harbour`
      const { stdout, stderr } = await $`helm push ${http} harbour-1.2.3.tgz ${charts}`
      const digest = /Digest: (\S+)/.exec(stdout + stderr)?.[1] ?? 'none printed'
      const raw = await openRepository(registry, 'e2e/helm/harbour')
      assert.deepEqual(await raw.manifest(digest), await raw.manifest('1.2.3'))
    })
    await step('pull: the same bytes', async () => {
      mkdirSync(join(folder, 'pulled'))
      await $`helm pull ${http} ${charts}/harbour --version 1.2.3 -d pulled`
      assert.deepEqual(readFileSync(join(folder, 'pulled/harbour-1.2.3.tgz')), readFileSync(join(folder, 'harbour-1.2.3.tgz')))
    })
    await step('pull of the newest version that fits a range', async () => {
      await $`helm package harbour --version 1.3.0`
      await $`helm push ${http} harbour-1.3.0.tgz ${charts}`
      mkdirSync(join(folder, 'newest'))
      await $`helm pull ${http} ${charts}/harbour --version ^1.2 -d newest`
      readFileSync(join(folder, 'newest/harbour-1.3.0.tgz'))
    })
    await step('show', async () => {
      assert.match((await $`helm show chart ${http} ${charts}/harbour --version 1.2.3`).stdout, /name: harbour/)
    })
    // `install --dry-run` asks a cluster for its version; `template` renders the same without one.
    await step('template from the registry', async () => {
      const { stdout } = await $`helm template quay ${charts}/harbour ${http} --version 1.2.3 --set berths=7`
      assert.match(stdout, /berths: "7"/)
    })
    await step('a dependency from the registry', async () => {
      mkdirSync(join(folder, 'port'))
      writeFileSync(
        join(folder, 'port/Chart.yaml'),
        `apiVersion: v2\nname: port\nversion: 1.0.0\ndependencies:\n  - name: harbour\n    version: 1.2.3\n    repository: ${charts}\n`,
      )
      await $`helm dependency update port ${http}`
      readFileSync(join(folder, 'port/charts/harbour-1.2.3.tgz'))
    })
    await step('logout', async () => {
      await $`helm registry logout ${registry.host}`
      await $.fails(/401|unauthorized|credential/i)`helm pull ${http} ${charts}/harbour --version 1.2.3 -d nothing`
    })
  },
}
