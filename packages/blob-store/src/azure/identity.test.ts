import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { BlobStore } from '@roadstead/distribution/blob-store.ts'
import { createAzureStore, prepareAzureStore } from '../azure.ts'
import type { AzureSettings } from '../azure.ts'
import { quickTries } from '../testing/azure.ts'
import { findAzurite, startAzurite } from '../testing/azurite.ts'
import type { RunningAzurite } from '../testing/azurite.ts'
import { chunked, contentOf, pattern, summaryOf } from '../testing/bytes.ts'
import { collect, registry } from '../testing/trial.ts'
import type { AccessTokens } from './credential.ts'

const azurite = findAzurite()
const openssl = spawnSync('openssl', ['version']).status === 0
const missing = 'skipped' in azurite ? azurite.skipped : openssl ? undefined : 'a certificate needs openssl, which is not installed'

if (missing !== undefined || 'skipped' in azurite) {
  describe.skip(`Azure by identity (${missing})`, () => {
    test('all of it', () => {})
  })
} else {
  describe('Azure by identity, over https', () => {
    let folder: string
    let server: RunningAzurite
    let settings: AzureSettings
    let store: BlobStore
    const earlier = getCACertificates('default')

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'azurite-tls-'))
      const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
      const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
      spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', tls.key, '-out', tls.cert, ...names])
      setDefaultCACertificates([...earlier, readFileSync(tls.cert, 'utf8')])
      server = await startAzurite(azurite.program, { tls })
      const address = { account: server.account, container: `c-${randomUUID()}`, prefix: '', endpoint: server.endpoint }
      settings = { address, credential: { tokens: tokens() }, tries: quickTries }
      await prepareAzureStore(settings)
      await prepareAzureStore(settings)
      store = createAzureStore(settings)
    })
    afterAll(async () => {
      await server.stop()
      setDefaultCACertificates(earlier)
      rmSync(folder, { recursive: true })
    })

    const pushed = async (bytes: Buffer) => {
      const upload = await store.append(await store.begin(registry), chunked(bytes, 65_536))
      await store.commit(upload)
      return upload.location
    }

    test('bytes go in and come out', async () => {
      const bytes = pattern(9_000_000)
      const location = await pushed(bytes)
      expect(await contentOf(store, location)).toEqual(summaryOf(bytes))
      expect((await collect(store.list(registry))).map((entry) => entry.location)).toEqual([location])
      await store.delete([location, await pushed(pattern(10))])
      expect(await collect(store.list(registry))).toEqual([])
    })

    test('a link is signed with a key that was asked for', async () => {
      const bytes = pattern(70_000)
      const link = await store.link(await pushed(bytes), new Date(Date.now() + 60_000))
      expect(link!.protocol).toBe('https:')
      expect(link!.searchParams.get('sp')).toBe('r')
      expect(link!.searchParams.get('spr')).toBe('https')
      expect(link!.searchParams.has('skoid')).toBe(true)
      expect(summaryOf(await fetched(link!, readFileSync(join(folder, 'cert.pem'))))).toEqual(summaryOf(bytes))
    })

    test('without a token, or with one for somebody else, the storage does not answer', async () => {
      const location = await pushed(pattern(10))
      for (const wrong of [tokens({ aud: 'https://management.azure.com' }), { getToken: async () => Promise.reject(noIdentity) }]) {
        const other = createAzureStore({ ...settings, credential: { tokens: wrong } })
        await expect(other.read(location)).rejects.toMatchObject({ name: 'Unavailable' })
        await expect(other.link(location, new Date(Date.now() + 60_000))).rejects.toMatchObject({ name: 'Unavailable' })
      }
    })
  })
}

const noIdentity = Object.assign(new Error('no managed identity here'), { name: 'CredentialUnavailableError' })

/** Azurite looks at the claims and takes any signature. */
function tokens(claims: Readonly<Record<string, unknown>> = {}): AccessTokens {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return {
    async getToken() {
      const now = Math.floor(Date.now() / 1000)
      const issued = { iat: now - 60, nbf: now - 60, exp: now + 3600 }
      const who = {
        aud: 'https://storage.azure.com',
        iss: `https://sts.windows.net/${randomUUID()}/`,
        oid: randomUUID(),
        tid: randomUUID(),
      }
      const token = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode({ ...issued, ...who, ...claims })}.c2lnbmVk`
      return { token, expiresOnTimestamp: Date.now() + 3_600_000 }
    },
  }
}

function fetched(url: URL, ca: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request(url, { ca }, (answer) => {
      if (answer.statusCode === 200) answer.toArray().then((chunks) => resolve(Buffer.concat(chunks as Buffer[])), reject)
      else reject(new Error(`answered ${answer.statusCode}`))
    })
      .on('error', reject)
      .end()
  })
}
