import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readAll } from '../raw/http.ts'
import type { RawRepository } from '../raw/repository.ts'
import { sha256 } from '../raw/repository.ts'

/** What the server said it has. A 201 is a promise: it is written here when it arrives, and checked after every crash. */
export interface Ledger {
  readonly blobs: Set<string>
  readonly tags: Map<string, string>
}

export const newLedger = (): Ledger => ({ blobs: new Set(), tags: new Map() })

/** Every promise holds: the bytes are there and hash to their name. */
export async function checkPromises(repository: RawRepository, ledger: Ledger): Promise<void> {
  for (const digest of ledger.blobs) assert.equal(await hashOf(repository, digest), digest, `acknowledged blob ${digest}`)
  for (const [tag, digest] of ledger.tags) {
    assert.equal(sha256(await repository.manifest(tag)), digest, `acknowledged tag ${tag}`)
    assert.equal(sha256(await repository.manifest(digest)), digest, `acknowledged manifest ${digest}`)
  }
  const listed = new Set(await repository.tags())
  for (const tag of ledger.tags.keys()) assert.ok(listed.has(tag), `acknowledged tag ${tag} is not listed`)
}

/** Whatever is visible is whole: each listed tag leads to a manifest, and that to all of its blobs. */
export async function checkVisible(repository: RawRepository): Promise<void> {
  for (const tag of await repository.tags()) {
    const manifest = JSON.parse((await repository.manifest(tag)).toString()) as {
      readonly config: { readonly digest: string }
      readonly layers: readonly { readonly digest: string }[]
    }
    for (const { digest } of [manifest.config, ...manifest.layers]) {
      assert.equal(await hashOf(repository, digest), digest, `blob ${digest} of the listed tag ${tag}`)
    }
  }
}

/** A blob that was never acknowledged is absent or whole, never something in between. */
export async function checkUnacknowledged(repository: RawRepository, digest: string): Promise<void> {
  const answer = await repository.call(`/v2/${repository.name}/blobs/${digest}`, { method: 'HEAD' })
  await readAll(answer)
  if (answer.status === 404) return
  assert.ok(answer.status === 200 || answer.status === 307, `HEAD of an unacknowledged blob answered ${answer.status}`)
  assert.equal(await hashOf(repository, digest), digest, `unacknowledged blob ${digest} is visible`)
}

async function hashOf(repository: RawRepository, digest: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of (await repository.blob(digest)).body) hash.update(chunk as Buffer)
  return `sha256:${hash.digest('hex')}`
}
