import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'

/** `<registry id>/<32 hex digits>`. The registry comes first, for lists; what follows is random, so that load spreads over the account's partitions. */
const form = /^(0|[1-9][0-9]{0,15})\/[0-9a-f]{32}$/

export function makeLocation(registry: RegistryId | string, name: string): Location {
  const location = `${registry}/${name}`
  if (!form.test(location)) throw new Error('a name for a location has to be 32 hexadecimal digits in lower case')
  return location as Location
}

/** Locations come back from the database. One of another form must never become a blob's name: it would leave the store's prefix. */
export function nameOf(prefix: string, location: Location): string {
  if (!form.test(location)) throw new Error(`the location ${JSON.stringify(location.slice(0, 80))} is not one of this store`)
  return prefix === '' ? location : `${prefix}/${location}`
}

/** What all names of a registry begin with. The slash keeps registry 7 from seeing what belongs to registry 70. */
export function namesOf(prefix: string, registry: RegistryId): string {
  return prefix === '' ? `${registry}/` : `${prefix}/${registry}/`
}

/** The location that a name in the container stands for; undefined for what others put there. */
export function locationOf(prefix: string, name: string): Location | undefined {
  const location = prefix === '' ? name : name.slice(prefix.length + 1)
  return form.test(location) ? (location as Location) : undefined
}

/** The registry that a location belongs to, as it stands in the location. */
export function registryOf(location: Location): string {
  return location.split('/', 1)[0]!
}
