import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Target } from '../runner/target.ts'
import { authorize, expectStatus, readAll, send } from './http.ts'
import type { Answer, Call } from './http.ts'

export const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const ANY_MANIFEST = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, 'application/vnd.docker.distribution.manifest.list.v2+json'].join(', ')

/** One repository over plain HTTP, with a token for it. Every method throws Refused on an unexpected status. */
export interface RawRepository {
  readonly name: string
  call(path: string, call?: Call): Promise<Answer>
  /** POST: where the upload continues. */
  beginUpload(): Promise<string>
  /** PATCH one chunk; answers where the upload continues. */
  sendChunk(location: string, offset: number, chunk: Buffer): Promise<string>
  /** PATCH of a stream whose length nobody announced. */
  sendStream(location: string, bytes: Readable): Promise<string>
  /** PUT: the upload becomes a blob. */
  finishUpload(location: string, digest: string): Promise<void>
  pushBlob(bytes: Buffer): Promise<string>
  pushManifest(reference: string, bytes: Buffer, mediaType?: string): Promise<string>
  manifest(reference: string): Promise<Buffer>
  blob(digest: string): Promise<Answer>
  tags(): Promise<readonly string[]>
}

export async function openRepository(target: Target, name: string): Promise<RawRepository> {
  const authorization = await authorize(target, name)
  const call = (path: string, options: Call = {}): Promise<Answer> =>
    send(target.host, path, { ...options, headers: { authorization, ...options.headers } })
  const next = async (answer: Answer): Promise<string> => {
    await readAll(answer)
    const url = new URL(answer.headers.location ?? '', `http://${target.host}`)
    return `${url.pathname}${url.search}`
  }
  const octets = { 'content-type': 'application/octet-stream' }

  const repository: RawRepository = {
    name,
    call,
    beginUpload: async () => next(await expectStatus('POST upload', await call(`/v2/${name}/blobs/uploads/`, { method: 'POST' }), 202)),
    sendChunk: async (location, offset, chunk) => {
      const headers = { ...octets, 'content-range': `${offset}-${offset + chunk.length - 1}` }
      return next(await expectStatus('PATCH upload', await call(location, { method: 'PATCH', headers, body: chunk }), 202))
    },
    sendStream: async (location, bytes) =>
      next(await expectStatus('PATCH upload', await call(location, { method: 'PATCH', headers: octets, body: bytes }), 202)),
    finishUpload: async (location, digest) => {
      const path = `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
      await readAll(await expectStatus('PUT upload', await call(path, { method: 'PUT' }), 201))
    },
    pushBlob: async (bytes) => {
      const location = await repository.sendChunk(await repository.beginUpload(), 0, bytes)
      await repository.finishUpload(location, sha256(bytes))
      return sha256(bytes)
    },
    pushManifest: async (reference, bytes, mediaType = OCI_MANIFEST) => {
      const options = { method: 'PUT', headers: { 'content-type': mediaType }, body: bytes }
      await readAll(await expectStatus('PUT manifest', await call(`/v2/${name}/manifests/${reference}`, options), 201))
      return sha256(bytes)
    },
    manifest: async (reference) =>
      readAll(
        await expectStatus(
          `GET manifest ${reference}`,
          await call(`/v2/${name}/manifests/${reference}`, { headers: { accept: ANY_MANIFEST } }),
          200,
        ),
      ),
    blob: async (digest) => {
      const answer = await expectStatus(`GET blob ${digest}`, await call(`/v2/${name}/blobs/${digest}`), 200, 307)
      const elsewhere = answer.headers.location
      if (answer.status === 200 || elsewhere === undefined) return answer
      await readAll(answer)
      const url = new URL(elsewhere)
      return expectStatus('GET of the redirect', await send(url.host, `${url.pathname}${url.search}`), 200)
    },
    tags: async () => {
      const all: string[] = []
      for (let path: string | undefined = `/v2/${name}/tags/list`; path !== undefined;) {
        const answer = await call(path)
        if (answer.status === 404) return readAll(answer).then(() => [])
        await expectStatus('GET tags', answer, 200)
        const page = JSON.parse((await readAll(answer)).toString()) as { readonly tags: readonly string[] | null }
        all.push(...(page.tags ?? []))
        path = /^<([^>]+)>; *rel="next"/.exec(String(answer.headers.link ?? ''))?.[1]
      }
      return all
    },
  }
  return repository
}

/** The smallest manifest that names these blobs; the config is one of them. */
export function manifestOf(config: Buffer, layers: readonly { readonly digest: string; readonly size: number }[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
      layers: layers.map((layer) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer })),
    }),
  )
}
