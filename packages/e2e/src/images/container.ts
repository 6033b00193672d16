import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { OCI_MANIFEST } from '../raw/repository.ts'
import { addFile, addJson } from './layout.ts'
import type { Descriptor } from './layout.ts'

/** Packs a folder the same way every time, so that digests repeat from run to run. */
export function pack(folder: string, file: string, ...parts: readonly string[]): string {
  const compress = file.endsWith('.gz') ? ['--use-compress-program=gzip -1n'] : []
  const stable = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
  execFileSync('tar', ['-C', folder, ...stable, ...compress, '-cf', file, ...(parts.length === 0 ? ['.'] : parts)])
  return file
}

/** Adds a runnable manifest of these gzipped tar files to a layout. */
export function addContainer(
  folder: string,
  layerFiles: readonly string[],
  options: { readonly architecture: string; readonly command: readonly string[] },
): Descriptor {
  mkdirSync(folder, { recursive: true })
  const layers = layerFiles.map((file) => addFile(folder, 'application/vnd.oci.image.layer.v1.tar+gzip', file))
  const diffs = layerFiles.map(
    (file) =>
      `sha256:${createHash('sha256')
        .update(gunzipSync(readFileSync(file)))
        .digest('hex')}`,
  )
  const config = addJson(folder, 'application/vnd.oci.image.config.v1+json', {
    architecture: options.architecture,
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: options.command, Env: ['PATH=/bin:/usr/bin'] },
    rootfs: { type: 'layers', diff_ids: diffs },
    history: layerFiles.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'roadstead e2e' })),
  })
  const manifest = addJson(folder, OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers })
  return { ...manifest, platform: { os: 'linux', architecture: options.architecture } }
}
