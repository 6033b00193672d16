import type { Location } from '@roadstead/distribution/blob-store.ts'
import type { RegistryId } from '@roadstead/oci/registry.ts'

/** `<registry id>/<32 hex digits>`: a registry's bytes lie under a prefix of their own. The key of an object is the bucket's prefix and this. */
const blobForm = /^(?:0|[1-9][0-9]{0,15})\/[0-9a-f]{32}$/

/** What lies beside a blob's place while it is uploaded: the tail that is too short for a part. */
const parkedForm = /^(?:0|[1-9][0-9]{0,15})\/[0-9a-f]{32}\.[0-9a-f]{16}$/

/** A multipart upload that was never completed. Only the sweeper sees such locations, and only it hands them back. */
const unfinishedForm = /^((?:0|[1-9][0-9]{0,15})\/[0-9a-f]{32})\?([\x21-\x7e]{1,2000})$/

export interface Unfinished {
  readonly key: string
  readonly upload: string
}

export interface Keys {
  /** The key of a blob's bytes. Locations come back from the database; one of another form must never become a key of somebody else. */
  blob(at: Location): string
  /** The key of a tail beside the blob. */
  parked(at: Location, name: string): string
  /** Whatever `list` names: an object, or an upload that was never completed. */
  removable(at: Location): string | Unfinished
  /** The prefix of all keys of a registry, or of all of them. */
  of(registry: RegistryId | undefined): string
  /** The location of an object that `list` found; undefined for what others put there. */
  locationOf(key: string): Location | undefined
  unfinishedAt(unfinished: Unfinished): Location | undefined
}

export function makeLocation(registry: RegistryId, name: string): Location {
  const location = `${registry}/${name}`
  if (!blobForm.test(location)) throw new Error('a name for a location has to be 32 hexadecimal digits in lower case')
  return location as Location
}

export function keysUnder(prefix: string): Keys {
  const start = prefix === '' ? '' : `${prefix}/`

  return {
    blob: (at) => (blobForm.test(at) ? start + at : refuse(at)),
    parked(at, name) {
      const location = `${at}.${name}`
      return parkedForm.test(location) ? start + location : refuse(location)
    },
    removable(at) {
      if (isObject(at)) return start + at
      const [, location, upload] = unfinishedForm.exec(at) ?? refuse(at)
      return { key: `${start}${location}`, upload: upload! }
    },
    of: (registry) => (registry === undefined ? start : `${start}${registry}/`),
    locationOf(key) {
      const location = key.startsWith(start) ? key.slice(start.length) : ''
      return isObject(location) ? location : undefined
    },
    unfinishedAt({ key, upload }) {
      const location = key.startsWith(start) ? `${key.slice(start.length)}?${upload}` : ''
      return unfinishedForm.test(location) ? (location as Location) : undefined
    },
  }
}

function isObject(location: string): location is Location {
  return blobForm.test(location) || parkedForm.test(location)
}

function refuse(location: string): never {
  throw new Error(`the location ${JSON.stringify(location.slice(0, 80))} is not one of this store`)
}
