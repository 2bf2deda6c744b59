-- What images hold, read from their manifests and configurations. migrations/README.md says who writes what.

-- Content-addressed: what was read of a digest is read once. `next_at` is set while it is to be read (again).
CREATE TABLE image_contents (
  repository_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  next_at INTEGER,
  later INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  tried_at INTEGER,
  problem TEXT,
  read_at INTEGER,
  contents TEXT,
  PRIMARY KEY (repository_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_contents_due ON image_contents (next_at) WHERE next_at IS NOT NULL;
