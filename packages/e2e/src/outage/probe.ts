import { createHash, randomBytes } from 'node:crypto'
import { readAll, send } from '../raw/http.ts'
import type { Answer, Call } from '../raw/http.ts'
import { manifestOf, OCI_MANIFEST, openRepository, sha256 } from '../raw/repository.ts'
import type { RawRepository } from '../raw/repository.ts'
import type { Target } from '../runner/target.ts'

/** What a request needs beside the server itself. */
export type Dependency = 'database' | 'sessions' | 'storage'

/** One kind of request: what it needs, and how it is answered while all is well. */
export interface Probe {
  readonly name: string
  readonly needs: readonly Dependency[]
  /** Whether it asks there too depends on the kind of storage. */
  readonly mayNeed: readonly Dependency[]
  readonly usual: number
  send(): Promise<Answer>
  /** The digest of the body that a usual answer has. */
  readonly digest?: string
}

export interface Outcome {
  readonly probe: Probe
  /** `cut`: the connection broke before the answer was complete. */
  readonly status: number | 'cut'
  readonly milliseconds: number
  readonly retryAfter: string | undefined
  readonly digest: string | undefined
}

const octets = { 'content-type': 'application/octet-stream' }
const absent = sha256(Buffer.from('nobody ever pushed this'))

/** Things that are there, pushed once. */
export interface Exhibits {
  readonly repository: RawRepository
  readonly target: Target
  readonly small: Buffer
  readonly large: Buffer
  readonly manifest: Buffer
}

export async function pushExhibits(target: Target): Promise<Exhibits> {
  const repository = await openRepository(target, 'outage/exhibits')
  const [small, large] = [randomBytes(1000), randomBytes(2_000_000)]
  for (const bytes of [small, large]) await repository.pushBlob(bytes)
  const manifest = manifestOf(small, [{ digest: sha256(large), size: large.length }])
  await repository.pushManifest('v1', manifest)
  // From here on it is in the server's memory.
  await readAll(await repository.blob(sha256(small)))
  return { repository, target, small, large, manifest }
}

/** One request of each kind. Whatever a request uses up is made here, before anything breaks. */
export async function prepareProbes({ repository, target, small, large, manifest }: Exhibits): Promise<readonly Probe[]> {
  const { name } = repository
  const at = (path: string, call?: Call) => (): Promise<Answer> => repository.call(`/v2/${name}${path}`, call)
  const put = { method: 'PUT', headers: { 'content-type': OCI_MANIFEST }, body: manifest }
  const chunk = randomBytes(300_000)
  const opened = await repository.beginUpload()
  const filled = await repository.sendChunk(await repository.beginUpload(), 0, chunk)
  const doomed = `doomed-${randomBytes(4).toString('hex')}`
  await repository.pushManifest(doomed, manifest)
  const fresh = randomBytes(1000)
  const basic = `Basic ${Buffer.from(`${target.user}:${target.password}`).toString('base64')}`
  return [
    probe('GET /v2/', 200, ['database'], () => repository.call('/v2/')),
    probe('GET token', 200, ['database'], () =>
      send(target.host, `/oauth2/token?service=${target.host}`, { headers: { authorization: basic } }),
    ),
    probe('GET manifest by tag', 200, ['database'], at('/manifests/v1'), manifest),
    probe('HEAD manifest by digest', 200, ['database'], at(`/manifests/${sha256(manifest)}`, { method: 'HEAD' })),
    probe('GET absent manifest', 404, ['database'], at('/manifests/absent')),
    probe('HEAD blob', 200, ['database'], at(`/blobs/${sha256(large)}`, { method: 'HEAD' })),
    probe('HEAD absent blob', 404, ['database'], at(`/blobs/${absent}`, { method: 'HEAD' })),
    probe('GET large blob', 200, ['database', 'storage'], at(`/blobs/${sha256(large)}`), large),
    probe('GET small blob', 200, ['database'], at(`/blobs/${sha256(small)}`), small),
    probe('GET tags', 200, ['database'], at('/tags/list')),
    probe('GET referrers', 200, ['database'], at(`/referrers/${sha256(manifest)}`)),
    probe('PUT manifest', 201, ['database'], at('/manifests/v1', put)),
    probe('DELETE tag', 202, ['database'], at(`/manifests/${doomed}`, { method: 'DELETE' })),
    probe('POST mount', 201, ['database'], at(`/blobs/uploads/?mount=${sha256(small)}&from=${name}`, { method: 'POST' })),
    probe('POST upload', 202, ['database', 'sessions'], at('/blobs/uploads/', { method: 'POST' })),
    probe('GET upload', 204, ['database', 'sessions'], () => repository.call(opened)),
    probe(
      'POST whole blob',
      201,
      ['database', 'storage'],
      at(`/blobs/uploads/?digest=${sha256(fresh)}`, { method: 'POST', headers: octets, body: fresh }),
    ),
    probe('PATCH upload', 202, ['database', 'sessions', 'storage'], () =>
      repository.call(opened, { method: 'PATCH', headers: octets, body: chunk }),
    ),
    probe('PUT upload', 201, ['database', 'sessions'], () => repository.call(`${filled}?digest=${sha256(chunk)}`, { method: 'PUT' })),
  ]
}

function probe(name: string, usual: number, needs: readonly Dependency[], call: () => Promise<Answer>, body?: Buffer): Probe {
  // Closing an upload may be a matter of the last chunk, or of a call of its own.
  return {
    name,
    usual,
    needs,
    mayNeed: name === 'PUT upload' ? ['storage'] : [],
    send: call,
    ...(body !== undefined && { digest: sha256(body) }),
  }
}

export async function run(one: Probe): Promise<Outcome> {
  const start = performance.now()
  const done = (status: Outcome['status'], retryAfter?: string, digest?: string): Outcome => ({
    probe: one,
    status,
    milliseconds: performance.now() - start,
    retryAfter,
    digest,
  })
  try {
    const answer = await one.send()
    const hash = createHash('sha256').update(await readAll(answer))
    return done(answer.status, answer.headers['retry-after'], `sha256:${hash.digest('hex')}`)
  } catch {
    return done('cut')
  }
}
