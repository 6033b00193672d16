-- What the migrations result in. Written by npm run schema; not to be edited, not to be run.

CREATE TABLE blobs (
  registry_id bigint NOT NULL,
  digest bytea NOT NULL,
  size bigint NOT NULL,
  location text COLLATE "C" NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  damaged_at timestamp with time zone,
  CONSTRAINT blobs_pkey PRIMARY KEY (registry_id, digest),
  CONSTRAINT blobs_registry_id_location_key UNIQUE (registry_id, location),
  CONSTRAINT blobs_size_check CHECK ((size >= 0)),
  CONSTRAINT blobs_registry_id_fkey FOREIGN KEY (registry_id) REFERENCES registries(id) ON DELETE CASCADE
);

CREATE INDEX blobs_damaged ON blobs USING btree (registry_id, digest) WHERE (damaged_at IS NOT NULL);

CREATE TABLE credentials (
  registry_id bigint NOT NULL,
  account text COLLATE "C" NOT NULL,
  slot smallint NOT NULL,
  hash text NOT NULL,
  expires_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT credentials_pkey PRIMARY KEY (registry_id, account, slot),
  CONSTRAINT credentials_slot_check CHECK ((slot = ANY (ARRAY[1, 2]))),
  CONSTRAINT credentials_registry_id_fkey FOREIGN KEY (registry_id) REFERENCES registries(id) ON DELETE CASCADE
);

CREATE TABLE deleted_locations (
  registry_id bigint NOT NULL,
  location text COLLATE "C" NOT NULL,
  deleted_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT deleted_locations_pkey PRIMARY KEY (registry_id, location),
  CONSTRAINT deleted_locations_registry_id_fkey FOREIGN KEY (registry_id) REFERENCES registries(id) ON DELETE CASCADE
);

CREATE INDEX deleted_locations_due ON deleted_locations USING btree (registry_id, deleted_at);

CREATE TABLE events (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  uuid uuid NOT NULL DEFAULT gen_random_uuid(),
  registry_id bigint NOT NULL,
  kind text NOT NULL,
  repository text NOT NULL,
  digest bytea NOT NULL,
  media_type text,
  size bigint,
  tags text[] NOT NULL,
  actor text NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT events_pkey PRIMARY KEY (id),
  CONSTRAINT events_registry_id_fkey FOREIGN KEY (registry_id) REFERENCES registries(id) ON DELETE CASCADE
);

CREATE INDEX events_registry ON events USING btree (registry_id, id);

CREATE TABLE manifest_blobs (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  manifest bytea NOT NULL,
  blob bytea NOT NULL,
  CONSTRAINT manifest_blobs_pkey PRIMARY KEY (registry_id, repository_id, manifest, blob),
  CONSTRAINT manifest_blobs_registry_id_repository_id_blob_fkey FOREIGN KEY (registry_id, repository_id, blob) REFERENCES repository_blobs(registry_id, repository_id, digest),
  CONSTRAINT manifest_blobs_registry_id_repository_id_manifest_fkey FOREIGN KEY (registry_id, repository_id, manifest) REFERENCES manifests(registry_id, repository_id, digest) ON DELETE CASCADE
);

CREATE INDEX manifest_blobs_blob ON manifest_blobs USING btree (registry_id, repository_id, blob);

CREATE TABLE manifest_manifests (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  manifest bytea NOT NULL,
  child bytea NOT NULL,
  CONSTRAINT manifest_manifests_pkey PRIMARY KEY (registry_id, repository_id, manifest, child),
  CONSTRAINT manifest_manifests_registry_id_repository_id_child_fkey FOREIGN KEY (registry_id, repository_id, child) REFERENCES manifests(registry_id, repository_id, digest),
  CONSTRAINT manifest_manifests_registry_id_repository_id_manifest_fkey FOREIGN KEY (registry_id, repository_id, manifest) REFERENCES manifests(registry_id, repository_id, digest) ON DELETE CASCADE
);

CREATE INDEX manifest_manifests_child ON manifest_manifests USING btree (registry_id, repository_id, child);

CREATE TABLE manifests (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  digest bytea NOT NULL,
  media_type text NOT NULL,
  size integer NOT NULL,
  subject bytea,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  payload bytea STORAGE EXTERNAL NOT NULL,
  CONSTRAINT manifests_pkey PRIMARY KEY (registry_id, repository_id, digest),
  CONSTRAINT manifests_size_check CHECK ((size >= 0)),
  CONSTRAINT manifests_registry_id_repository_id_fkey FOREIGN KEY (registry_id, repository_id) REFERENCES repositories(registry_id, id) ON DELETE CASCADE
);

CREATE TABLE referrers (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  subject bytea NOT NULL,
  digest bytea NOT NULL,
  artifact_type bytea,
  descriptor bytea NOT NULL,
  CONSTRAINT referrers_pkey PRIMARY KEY (registry_id, repository_id, subject, digest),
  CONSTRAINT referrers_registry_id_repository_id_digest_fkey FOREIGN KEY (registry_id, repository_id, digest) REFERENCES manifests(registry_id, repository_id, digest) ON DELETE CASCADE
);

CREATE INDEX referrers_artifact_type ON referrers USING btree (registry_id, repository_id, subject, artifact_type, digest);
CREATE INDEX referrers_digest ON referrers USING btree (registry_id, repository_id, digest);

CREATE TABLE registries (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  tenant_id bigint NOT NULL,
  storage_account_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  location text NOT NULL DEFAULT 'local'::text,
  admin_enabled boolean NOT NULL DEFAULT false,
  anonymous_pull boolean NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  deleted_at timestamp with time zone,
  CONSTRAINT registries_pkey PRIMARY KEY (id),
  CONSTRAINT registries_storage_account_id_fkey FOREIGN KEY (storage_account_id) REFERENCES storage_accounts(id),
  CONSTRAINT registries_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

CREATE UNIQUE INDEX registries_label ON registries USING btree (label) WHERE (deleted_at IS NULL);
CREATE INDEX registries_storage_account ON registries USING btree (storage_account_id);
CREATE INDEX registries_tenant ON registries USING btree (tenant_id, id);

CREATE TABLE repositories (
  registry_id bigint NOT NULL,
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text COLLATE "C" NOT NULL,
  published_at timestamp with time zone,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT repositories_pkey PRIMARY KEY (registry_id, id),
  CONSTRAINT repositories_registry_id_name_key UNIQUE (registry_id, name),
  CONSTRAINT repositories_registry_id_fkey FOREIGN KEY (registry_id) REFERENCES registries(id) ON DELETE CASCADE
);

CREATE INDEX repositories_catalog ON repositories USING btree (registry_id, name) WHERE (published_at IS NOT NULL);

CREATE TABLE repository_blobs (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  digest bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT repository_blobs_pkey PRIMARY KEY (registry_id, repository_id, digest),
  CONSTRAINT repository_blobs_registry_id_digest_fkey FOREIGN KEY (registry_id, digest) REFERENCES blobs(registry_id, digest),
  CONSTRAINT repository_blobs_registry_id_repository_id_fkey FOREIGN KEY (registry_id, repository_id) REFERENCES repositories(registry_id, id) ON DELETE CASCADE
);

CREATE INDEX repository_blobs_digest ON repository_blobs USING btree (registry_id, digest, repository_id);

CREATE TABLE schema_versions (
  version integer NOT NULL,
  name text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT schema_versions_pkey PRIMARY KEY (version)
);

CREATE TABLE scrubs (
  registry_id bigint NOT NULL,
  after bytea,
  claimed_until timestamp with time zone NOT NULL,
  finished_at timestamp with time zone,
  CONSTRAINT scrubs_pkey PRIMARY KEY (registry_id),
  CONSTRAINT scrubs_registry_id_fkey FOREIGN KEY (registry_id) REFERENCES registries(id) ON DELETE CASCADE
);

CREATE TABLE signing_keys (
  kid text COLLATE "C" NOT NULL,
  private_key text NOT NULL,
  public_key text NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT signing_keys_pkey PRIMARY KEY (kid)
);

CREATE INDEX signing_keys_created_at ON signing_keys USING btree (created_at);

CREATE TABLE storage_accounts (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  tenant_id bigint NOT NULL,
  url text COLLATE "C" NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT storage_accounts_pkey PRIMARY KEY (id),
  CONSTRAINT storage_accounts_tenant_id_url_key UNIQUE (tenant_id, url),
  CONSTRAINT storage_accounts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);

CREATE TABLE tags (
  registry_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  updated_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT tags_pkey PRIMARY KEY (registry_id, repository_id, name),
  CONSTRAINT tags_registry_id_repository_id_digest_fkey FOREIGN KEY (registry_id, repository_id, digest) REFERENCES manifests(registry_id, repository_id, digest) ON DELETE CASCADE
);

CREATE INDEX tags_digest ON tags USING btree (registry_id, repository_id, digest);

CREATE TABLE tenants (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  name text COLLATE "C" NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT tenants_pkey PRIMARY KEY (id),
  CONSTRAINT tenants_name_key UNIQUE (name)
);
