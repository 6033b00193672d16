-- Every key leads with the registry. Digests are stored as one byte for the algorithm and then the hash: 33 or 65 bytes.

CREATE TABLE repositories (
  registry_id bigint NOT NULL REFERENCES registries ON DELETE CASCADE,
  id bigint GENERATED ALWAYS AS IDENTITY,
  name text COLLATE "C" NOT NULL,
  -- Set by the first manifest; the catalog lists no repository without it.
  published_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (registry_id, id),
  UNIQUE (registry_id, name)
);

CREATE INDEX repositories_catalog ON repositories (registry_id, name) WHERE published_at IS NOT NULL;

-- Content of a registry. A location belongs to one digest, or removing one blob would take another one's bytes.
CREATE TABLE blobs (
  registry_id bigint NOT NULL REFERENCES registries ON DELETE CASCADE,
  digest bytea NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  location text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (registry_id, digest),
  UNIQUE (registry_id, location)
);

-- Which repositories may read a blob.
CREATE TABLE repository_blobs (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  digest bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (registry_id, repository_id, digest),
  FOREIGN KEY (registry_id, repository_id) REFERENCES repositories ON DELETE CASCADE,
  FOREIGN KEY (registry_id, digest) REFERENCES blobs
);

CREATE INDEX repository_blobs_digest ON repository_blobs (registry_id, digest, repository_id);

CREATE TABLE manifests (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  digest bytea NOT NULL,
  media_type text NOT NULL,
  size integer NOT NULL CHECK (size >= 0),
  subject bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- The bytes as they were pushed. Not compressed: every pull would pay for undoing it.
  payload bytea NOT NULL,
  PRIMARY KEY (registry_id, repository_id, digest),
  FOREIGN KEY (registry_id, repository_id) REFERENCES repositories ON DELETE CASCADE
);

ALTER TABLE manifests ALTER COLUMN payload SET STORAGE EXTERNAL;

-- What a manifest names cannot go while it is there: the foreign key to the named row has no action. Not RESTRICT, which would
-- refuse to remove a whole repository as well.
CREATE TABLE manifest_blobs (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  manifest bytea NOT NULL,
  blob bytea NOT NULL,
  PRIMARY KEY (registry_id, repository_id, manifest, blob),
  FOREIGN KEY (registry_id, repository_id, manifest) REFERENCES manifests ON DELETE CASCADE,
  FOREIGN KEY (registry_id, repository_id, blob) REFERENCES repository_blobs
);

CREATE INDEX manifest_blobs_blob ON manifest_blobs (registry_id, repository_id, blob);

CREATE TABLE manifest_manifests (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  manifest bytea NOT NULL,
  child bytea NOT NULL,
  PRIMARY KEY (registry_id, repository_id, manifest, child),
  FOREIGN KEY (registry_id, repository_id, manifest) REFERENCES manifests ON DELETE CASCADE,
  FOREIGN KEY (registry_id, repository_id, child) REFERENCES manifests
);

CREATE INDEX manifest_manifests_child ON manifest_manifests (registry_id, repository_id, child);

CREATE TABLE tags (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (registry_id, repository_id, name),
  FOREIGN KEY (registry_id, repository_id, digest) REFERENCES manifests ON DELETE CASCADE
);

CREATE INDEX tags_digest ON tags (registry_id, repository_id, digest);

-- The subject need not be there. An entry goes with its manifest.
CREATE TABLE referrers (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  subject bytea NOT NULL,
  digest bytea NOT NULL,
  -- SHA-256 of the artifact type, which may be longer than an entry of an index can be.
  artifact_type bytea,
  -- The entry of the list as JSON in UTF-8, to be handed out as it is. Not jsonb, which refuses \u0000.
  descriptor bytea NOT NULL,
  PRIMARY KEY (registry_id, repository_id, subject, digest),
  FOREIGN KEY (registry_id, repository_id, digest) REFERENCES manifests ON DELETE CASCADE
);

CREATE INDEX referrers_artifact_type ON referrers (registry_id, repository_id, subject, artifact_type, digest);
CREATE INDEX referrers_digest ON referrers (registry_id, repository_id, digest);

-- Changes that others want to hear of, written in the transaction that makes them and delivered later, in the order of ids.
CREATE TABLE events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uuid uuid NOT NULL DEFAULT gen_random_uuid(),
  registry_id bigint NOT NULL REFERENCES registries ON DELETE CASCADE,
  kind text NOT NULL,
  repository text NOT NULL,
  digest bytea NOT NULL,
  media_type text,
  size bigint,
  tags text[] NOT NULL,
  actor text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX events_registry ON events (registry_id, id);
