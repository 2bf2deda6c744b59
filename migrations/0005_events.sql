-- What leaves for other systems: who wants to hear of what, and the outbox. migrations/README.md says who writes what.

CREATE TABLE event_subscriptions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  address TEXT NOT NULL,
  secret TEXT NOT NULL,
  old_secret TEXT,
  old_until INTEGER,
  source TEXT NOT NULL,
  types TEXT,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  disabled_at INTEGER,
  tried_at INTEGER,
  slow INTEGER NOT NULL DEFAULT 0,
  paused_until INTEGER,
  failing_since INTEGER,
  problem TEXT,
  UNIQUE (team_id, name)
) STRICT;

-- A row per event and subscription, so that a receiver that is slow or away holds up nobody else. The body is what is sent,
-- byte for byte, however often.
CREATE TABLE outgoing_events (
  id INTEGER PRIMARY KEY,
  subscription_id INTEGER NOT NULL,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  next_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  failed TEXT,
  drop_at INTEGER,
  UNIQUE (subscription_id, event)
) STRICT;
-- What is to be sent, empty when all is.
CREATE INDEX outgoing_events_due ON outgoing_events (subscription_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outgoing_events_to_drop ON outgoing_events (drop_at) WHERE drop_at IS NOT NULL;
