-- People, how they sign in, and what they may do. migrations/README.md says who writes what.

CREATE TABLE people (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
  team_id INTEGER NOT NULL REFERENCES teams (id),
  person_id INTEGER NOT NULL REFERENCES people (id),
  role TEXT NOT NULL CHECK (role IN ('owner', 'maintainer', 'viewer')),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (team_id, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_person ON memberships (person_id);

-- Who a person is to somebody else: never a login or an address alone, since those can be taken over.
CREATE TABLE identities (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES people (id),
  provider TEXT NOT NULL CHECK (provider IN ('github', 'access')),
  external_id TEXT NOT NULL,
  login TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (provider, external_id)
) STRICT;
CREATE INDEX identities_by_person ON identities (person_id);

-- Who may become a member. Without `external_id` whoever has the login first: such an invitation lives for days only.
CREATE TABLE invitations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  role TEXT NOT NULL CHECK (role IN ('owner', 'maintainer', 'viewer')),
  provider TEXT NOT NULL CHECK (provider IN ('github', 'access')),
  login TEXT NOT NULL,
  external_id TEXT,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  UNIQUE (team_id, provider, login)
) STRICT;
CREATE INDEX invitations_by_login ON invitations (provider, login);
CREATE INDEX invitations_by_identity ON invitations (provider, external_id) WHERE external_id IS NOT NULL;

-- Signed-in browsers: a person in one of their teams, or an admin key in its own.
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  person_id INTEGER REFERENCES people (id),
  key_id INTEGER REFERENCES api_keys (id),
  identity_id INTEGER REFERENCES identities (id),
  created_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  user_agent TEXT NOT NULL,
  CHECK ((person_id IS NULL) <> (key_id IS NULL))
) STRICT;
CREATE INDEX sessions_by_team ON sessions (team_id, person_id);

-- One-time links: for a key that was just made, or for a member without an account elsewhere.
CREATE TABLE sign_in_links (
  hash BLOB PRIMARY KEY,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  person_id INTEGER REFERENCES people (id),
  key_id INTEGER REFERENCES api_keys (id),
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  CHECK ((person_id IS NULL) <> (key_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);
