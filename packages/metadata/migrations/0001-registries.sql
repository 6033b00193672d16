-- Ids are given out once and never again, not even for a registry of the same name.

CREATE TABLE tenants (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE storage_accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenants,
  url text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, url)
);

CREATE TABLE registries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenants,
  storage_account_id bigint NOT NULL REFERENCES storage_accounts,
  name text COLLATE "C" NOT NULL,
  label text COLLATE "C" NOT NULL,
  location text NOT NULL DEFAULT 'local',
  admin_enabled boolean NOT NULL DEFAULT false,
  anonymous_pull boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz
);

-- The label is the host name: one living registry each. The name of a deleted one may be taken again.
CREATE UNIQUE INDEX registries_label ON registries (label) WHERE deleted_at IS NULL;
CREATE INDEX registries_tenant ON registries (tenant_id, id);
CREATE INDEX registries_storage_account ON registries (storage_account_id);

CREATE TABLE credentials (
  registry_id bigint NOT NULL REFERENCES registries ON DELETE CASCADE,
  account text COLLATE "C" NOT NULL,
  slot smallint NOT NULL CHECK (slot IN (1, 2)),
  hash text NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (registry_id, account, slot)
);

CREATE TABLE signing_keys (
  kid text COLLATE "C" PRIMARY KEY,
  private_key text NOT NULL,
  public_key text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE INDEX signing_keys_created_at ON signing_keys (created_at);
