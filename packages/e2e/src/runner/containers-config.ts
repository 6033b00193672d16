import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Podman and buildah keep their store in this folder, speak plain HTTP to this registry, and trust what they pull, whatever
 * the machine's own settings say.
 */
export function configureContainers(folder: string, host: string): void {
  const config = join(folder, '.config/containers')
  mkdirSync(config, { recursive: true })
  writeFileSync(
    join(config, 'storage.conf'),
    `[storage]\ndriver = "vfs"\ngraphroot = "${join(folder, 'storage')}"\nrunroot = "${join(folder, 'run')}"\n`,
  )
  writeFileSync(join(config, 'registries.conf'), `[[registry]]\nlocation = "${host}"\ninsecure = true\n`)
  writeFileSync(join(config, 'policy.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
}
