import { gzipSync } from 'node:zlib'
import { DOCKER_MANIFEST, sha256 } from '../raw/repository.ts'
import { addBlob, addJson, closeLayout } from './layout.ts'
import type { Layout } from './layout.ts'

export const FOREIGN_URL = 'https://base.example.com/windows/base-layer.tar.gz'

/**
 * What `docker push` sends for a Windows container: the base layer is foreign. Its bytes are not in the registry, the
 * descriptor says where they come from, and the registry must take the manifest all the same.
 */
export function makeWindows(folder: string): Layout {
  const layer = gzipSync(Buffer.alloc(4096, 'windows application layer'))
  const own = addBlob(folder, 'application/vnd.docker.image.rootfs.diff.tar.gzip', layer)
  const foreign = {
    mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    digest: sha256(Buffer.from('bytes that stay with their owner')),
    size: 1_718_332_879,
    urls: [FOREIGN_URL],
  }
  const config = addJson(folder, 'application/vnd.docker.container.image.v1+json', {
    architecture: 'amd64',
    os: 'windows',
    'os.version': '10.0.14393.1066',
    config: { Cmd: ['cmd'] },
    rootfs: { type: 'layers', diff_ids: [sha256(Buffer.from('base')), sha256(Buffer.from('application'))] },
  })
  const manifest = { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers: [foreign, own] }
  const platform = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.14393.1066' }
  return closeLayout(folder, 'v1', { ...addJson(folder, DOCKER_MANIFEST, manifest), platform })
}
