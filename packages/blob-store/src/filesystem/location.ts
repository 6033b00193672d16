import { join } from 'node:path'
import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'

/** `<registry id>/<first two digits>/<32 hex digits>`: one folder per registry, and none with too many files in it. */
const form = /^(0|[1-9][0-9]{0,15})\/([0-9a-f]{2})\/\2[0-9a-f]{30}$/

/** Where a location lies on the disk. */
export interface Place {
  readonly location: Location
  readonly registryFolder: string
  readonly folder: string
  readonly file: string
}

export function makeLocation(registry: RegistryId, name: string): Location {
  const location = `${registry}/${name.slice(0, 2)}/${name}`
  if (!form.test(location)) throw new Error('a name for a location has to be 32 hexadecimal digits in lower case')
  return location as Location
}

/** Locations come back from the database. One of another form must never become a path: it would leave the store's folder. */
export function placeOf(root: string, location: Location): Place {
  if (!form.test(location)) throw new Error(`the location ${JSON.stringify(location.slice(0, 80))} is not one of this store`)
  const [registry, shard, name] = location.split('/') as [string, string, string]
  const registryFolder = join(root, registry)
  const folder = join(registryFolder, shard)
  return { location, registryFolder, folder, file: join(folder, name) }
}

export function isLocation(text: string): text is Location {
  return form.test(text)
}
