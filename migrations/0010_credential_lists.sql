-- Lists of credentials for people: by age, by mark, by expiry. migrations/README.md says who writes what.

-- Of a team, in the order in which they were first seen.
CREATE INDEX credentials_by_team ON credentials (team_id);
-- What somebody has said something of: few.
CREATE INDEX credentials_by_mark ON credentials (team_id, mark) WHERE mark <> 'none';
-- Tokens that end by themselves.
CREATE INDEX credentials_by_expiry ON credentials (team_id, expires_at) WHERE expires_at IS NOT NULL;
