import type { ManifestFacts } from '@roadstead/distribution/metadata.ts'
import type { Session } from './database.ts'
import { deleteManifest } from './delete-manifest.ts'
import { findManifests, identifyManifest, statManifests } from './find-manifests.ts'
import { insertManifest } from './insert-manifest.ts'
import type { MakeLookup } from './lookup.ts'
import { missingFor } from './missing.ts'
import { settle } from './settle.ts'

export function createManifests(session: Session, lookup: MakeLookup): ManifestFacts {
  // Few, since each may be of four megabytes and all are in memory at once.
  const find = lookup({ identify: identifyManifest, ask: (keys) => findManifests(session, keys), most: 16 })
  const stat = lookup({ identify: identifyManifest, ask: (keys) => statManifests(session, keys) })
  return {
    find: (repository, reference) => find({ repository, reference }),
    stat: (repository, reference) => stat({ repository, reference }),
    missing: (repository, manifest) => missingFor(session, repository, manifest),
    insert: (repository, digest, manifest, payload) => settle(() => insertManifest(session, repository, digest, manifest, payload)),
    delete: (repository, digest) => session.atomically((transaction) => deleteManifest(transaction, repository, digest)),
  }
}
