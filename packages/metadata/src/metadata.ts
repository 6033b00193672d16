import type { Metadata } from '@roadstead/distribution/metadata.ts'
import type { CredentialFacts } from '@roadstead/identity/credential-facts.ts'
import type { SigningKeyFacts } from '@roadstead/identity/signing-key-facts.ts'
import { createBlobs } from './blobs.ts'
import { createEnsureRegistry } from './bootstrap.ts'
import type { EnsureRegistry } from './bootstrap.ts'
import { createConsistency } from './consistency.ts'
import { createCredentials } from './credentials.ts'
import type { Database, Session } from './database.ts'
import { createDeletions } from './deletions.ts'
import { createEvents } from './events.ts'
import { alone, shared } from './lookup.ts'
import type { MakeLookup } from './lookup.ts'
import { createManifests } from './manifests.ts'
import { createReferrers } from './referrers.ts'
import { createRegistries } from './registries.ts'
import { createRepositories } from './repositories.ts'
import { createScrubs } from './scrubs.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createTags } from './tags.ts'

/** All facts that a service asks for. */
export interface AllFacts extends Metadata {
  readonly credentials: CredentialFacts
  readonly signingKeys: SigningKeyFacts
  readonly ensureRegistry: EnsureRegistry
}

/** The facts in a database that was migrated before. */
export function createMetadata(database: Database): AllFacts {
  return {
    ...createFacts(database, shared),
    credentials: createCredentials(database),
    signingKeys: createSigningKeys(database),
    ensureRegistry: createEnsureRegistry(database),
  }
}

function createFacts(session: Session, lookup: MakeLookup): Metadata {
  return {
    registries: createRegistries(session, lookup),
    repositories: createRepositories(session),
    blobs: createBlobs(session, lookup),
    manifests: createManifests(session, lookup),
    tags: createTags(session),
    referrers: createReferrers(session),
    events: createEvents(session),
    consistency: createConsistency(session),
    deletions: createDeletions(session),
    scrubs: createScrubs(session),
    transaction: (work) => session.atomically((transaction) => work(createFacts(transaction, alone))),
  }
}
