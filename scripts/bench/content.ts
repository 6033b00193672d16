import { randomBytes } from 'node:crypto'
import { authorize, expectStatus, readAll, send } from '@roadstead/e2e/raw/http.ts'
import { manifestOf, OCI_MANIFEST, openRepository } from '@roadstead/e2e/raw/repository.ts'
import type { Target } from '@roadstead/e2e/runner/target.ts'
import type { Request } from './wrk.ts'

const REPOSITORY = 'bench/content'
const CONFIG = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
const BLOB = randomBytes(10_000)
const TAGS = 100

/** Pushes one manifest under a hundred tags and its blob of 10 kB; answers the reads to measure, by name. */
export async function pushContent(target: Target): Promise<Readonly<Record<string, Request>>> {
  const repository = await openRepository(target, REPOSITORY)
  const blob = await repository.pushBlob(BLOB)
  await repository.pushBlob(CONFIG)
  const manifest = manifestOf(CONFIG, [{ digest: blob, size: BLOB.length }])
  let digest = ''
  for (let number = 0; number < TAGS; number += 1) digest = await repository.pushManifest(`v${number}`, manifest)

  const headers = { authorization: await authorize(target, REPOSITORY), accept: OCI_MANIFEST }
  // One read of each is looked at before thousands are counted.
  const read = async (path: string, bytes: number): Promise<Request> => {
    const request = { host: target.host, path: `/v2/${REPOSITORY}/${path}`, headers }
    const answer = await expectStatus(path, await send(target.host, request.path, { headers }), 200)
    const received = (await readAll(answer)).length
    if (received < bytes) throw new Error(`${target.host} ${path} answered ${received} bytes`)
    return request
  }
  return {
    'manifest by tag': await read('manifests/v42', manifest.length),
    'manifest by digest': await read(`manifests/${digest}`, manifest.length),
    'blob of 10 kB': await read(`blobs/${blob}`, BLOB.length),
    'list of 100 tags': await read('tags/list', 4 * TAGS),
  }
}
