import { deleteBlob, getBlob, headBlob } from './handlers/blobs.ts'
import { getCatalog, getTags } from './handlers/lists.ts'
import { deleteManifest, getManifest, headManifest, putManifest } from './handlers/manifests.ts'
import { getReferrers } from './handlers/referrers.ts'
import { cancelSession, closeSession, getSession, openSession, patchSession } from './handlers/uploads.ts'
import { answerVersion } from './handlers/version.ts'
import type { PathTemplate } from './http/parse-path.ts'
import type { Handler } from './registry-service.ts'

/** One line of the API. */
export interface Route {
  readonly method: string
  readonly path: PathTemplate
  /** Actions on the repository, `catalog` for the registry's own list, or nothing but valid credentials. */
  readonly needs: readonly string[] | 'catalog' | 'credentials'
  readonly handle: Handler
}

/** The whole of /v2, with the permission that each request needs. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/v2/', needs: 'credentials', handle: answerVersion },
  { method: 'HEAD', path: '/v2/', needs: 'credentials', handle: answerVersion },
  { method: 'GET', path: '/v2/_catalog', needs: 'catalog', handle: getCatalog },
  { method: 'GET', path: '/v2/<name>/tags/list', needs: ['metadata_read'], handle: getTags },

  { method: 'GET', path: '/v2/<name>/manifests/<reference>', needs: ['pull'], handle: getManifest },
  { method: 'HEAD', path: '/v2/<name>/manifests/<reference>', needs: ['pull'], handle: headManifest },
  { method: 'PUT', path: '/v2/<name>/manifests/<reference>', needs: ['pull', 'push'], handle: putManifest },
  { method: 'DELETE', path: '/v2/<name>/manifests/<reference>', needs: ['delete'], handle: deleteManifest },
  { method: 'GET', path: '/v2/<name>/referrers/<digest>', needs: ['pull'], handle: getReferrers },

  { method: 'GET', path: '/v2/<name>/blobs/<digest>', needs: ['pull'], handle: getBlob },
  { method: 'HEAD', path: '/v2/<name>/blobs/<digest>', needs: ['pull'], handle: headBlob },
  { method: 'DELETE', path: '/v2/<name>/blobs/<digest>', needs: ['delete'], handle: deleteBlob },

  { method: 'POST', path: '/v2/<name>/blobs/uploads/', needs: ['pull', 'push'], handle: openSession },
  { method: 'GET', path: '/v2/<name>/blobs/uploads/<session>', needs: ['pull', 'push'], handle: getSession },
  { method: 'PATCH', path: '/v2/<name>/blobs/uploads/<session>', needs: ['pull', 'push'], handle: patchSession },
  { method: 'PUT', path: '/v2/<name>/blobs/uploads/<session>', needs: ['pull', 'push'], handle: closeSession },
  { method: 'DELETE', path: '/v2/<name>/blobs/uploads/<session>', needs: ['pull', 'push'], handle: cancelSession },
]

/** An accepted upload is not killed by its token: requests to an open session go on with one that was genuine and has expired. */
export function continuesUpload(route: Route): boolean {
  return route.path === '/v2/<name>/blobs/uploads/<session>'
}
