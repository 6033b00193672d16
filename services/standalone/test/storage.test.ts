import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { findAzurite, startAzurite } from '@roadstead/blob-store/testing/azurite.ts'
import { minioMissing, minioProgram, startMinio } from '@roadstead/blob-store/testing/minio.ts'
import { freePort } from '@roadstead/runtime/listen.ts'
import { blob, digestOf } from '@roadstead/testing/contents.ts'
import { run, says } from './program.ts'
import type { Started } from './program.ts'
import { ask, loginServer, password } from './replica-client.ts'

/** A server that keeps bytes, and the settings that name it. */
interface Account {
  readonly settings: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

interface Kind {
  readonly name: string
  readonly missing: string | undefined
  readonly start: () => Promise<Account>
}

const azurite = findAzurite()
const kinds: readonly Kind[] = [
  {
    name: 'S3 (MinIO)',
    missing: minioProgram === undefined ? minioMissing : undefined,
    async start() {
      const { endpoint, bucket, credentials, stop } = await startMinio()
      const settings = {
        ROADSTEAD_STORAGE: `s3://${bucket}/some/prefix?endpoint=${endpoint}&region=us-east-1&pathStyle=true`,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      }
      return { settings, stop }
    },
  },
  {
    name: 'Azure Blob (Azurite)',
    missing: 'skipped' in azurite ? azurite.skipped : undefined,
    async start() {
      const { endpoint, account, key, stop } = await startAzurite('program' in azurite ? azurite.program : '')
      return { settings: { ROADSTEAD_STORAGE: `azure://${account}/blobs?endpoint=${endpoint}`, AZURE_STORAGE_KEY: key }, stop }
    },
  },
]

for (const { name, missing, start } of kinds) {
  const describeKind = missing === undefined ? describe : describe.skip
  describeKind(`storage on ${name}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let folder: string
    let account: Account
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'roadstead-storage-'))
      account = await start()
    }, 60_000)
    afterAll(async () => {
      await account?.stop()
      await rm(folder, { recursive: true, force: true })
    }, 30_000)

    const startProgram = async (more: Readonly<Record<string, string>>): Promise<readonly [Started, number]> => {
      const port = await freePort('127.0.0.1')
      const started = run({
        ROADSTEAD_PORT: String(port),
        ROADSTEAD_HOST: '127.0.0.1',
        ROADSTEAD_PUBLIC_URL: `http://*.${loginServer.slice(loginServer.indexOf('.') + 1)}`,
        ROADSTEAD_ADMIN_PASSWORD: password,
        ROADSTEAD_DATA_DIR: join(folder, 'data'),
        ...account.settings,
        ...more,
      })
      await says(started, /is ready in/)
      return [started, port]
    }

    test('large blobs are fetched there by the client, or sent through where that is turned off; it is asked for readiness', async () => {
      const layer = blob(randomBytes(7_000_000))
      const path = `/v2/some/app/blobs/${layer.digest}`
      const [first, port] = await startProgram({})
      expect((await ask(port, 'GET', '/readyz')).status).toBe(200)
      const pushed = await ask(port, 'POST', `/v2/some/app/blobs/uploads/?digest=${layer.digest}`, { body: layer.bytes })
      expect(pushed.status).toBe(201)
      const redirected = await ask(port, 'GET', path)
      expect(redirected.status).toBe(307)
      const fetched = await fetch(redirected.headers['location']!)
      expect(digestOf(Buffer.from(await fetched.arrayBuffer()))).toBe(layer.digest)
      first.child.kill('SIGTERM')
      expect(await first.ended).toBe(0)
      for (const secret of [account.settings['AWS_SECRET_ACCESS_KEY'], account.settings['AZURE_STORAGE_KEY']]) {
        if (secret !== undefined) expect(first.said()).not.toContain(secret)
      }

      const [second, nextPort] = await startProgram({ ROADSTEAD_REDIRECT: 'off' })
      const sent = await ask(nextPort, 'GET', path)
      expect([sent.status, digestOf(sent.body)]).toEqual([200, layer.digest])
      await account.stop()
      const readiness = await ask(nextPort, 'GET', '/readyz')
      expect([readiness.status, readiness.body.toString()]).toEqual([503, expect.stringContaining('the storage')])
      second.child.kill('SIGTERM')
      expect(await second.ended).toBe(0)
    }, 120_000)
  })
}
