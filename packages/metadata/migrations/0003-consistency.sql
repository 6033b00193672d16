-- Set when a blob's bytes were found to be gone or wrong. A push of the digest brings new ones and clears it.
ALTER TABLE blobs ADD COLUMN damaged_at timestamptz;

CREATE INDEX blobs_damaged ON blobs (registry_id, digest) WHERE damaged_at IS NOT NULL;

-- Bytes that no row names any more, written in the transaction that took the row. They are removed once no backup needs them either.
CREATE TABLE deleted_locations (
  registry_id bigint NOT NULL REFERENCES registries ON DELETE CASCADE,
  location text COLLATE "C" NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (registry_id, location)
);

CREATE INDEX deleted_locations_due ON deleted_locations (registry_id, deleted_at);

-- How far the check of a registry's bytes in the background came.
CREATE TABLE scrubs (
  registry_id bigint PRIMARY KEY REFERENCES registries ON DELETE CASCADE,
  -- The last digest that was checked in this round.
  after bytea,
  -- Nobody else goes on with it before.
  claimed_until timestamptz NOT NULL,
  finished_at timestamptz
);
