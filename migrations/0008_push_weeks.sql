-- How many pushes of each image were judged how, by week: charts read 13 rows per image, whatever the history.
-- A week is counted from the Monday before the epoch (29 December 1969), so that weeks begin on Mondays, UTC.
CREATE TABLE push_weeks (
  repository_id INTEGER NOT NULL,
  week INTEGER NOT NULL,
  pending INTEGER NOT NULL DEFAULT 0,
  trusted INTEGER NOT NULL DEFAULT 0,
  rogue INTEGER NOT NULL DEFAULT 0,
  undetermined INTEGER NOT NULL DEFAULT 0,
  signed INTEGER NOT NULL DEFAULT 0,
  unsigned INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (repository_id, week)
) STRICT, WITHOUT ROWID;

-- What was judged before there was this table. As src/store/push-weeks.ts counts, with the shape that evidence has now.
INSERT INTO push_weeks (repository_id, week, pending, trusted, rogue, undetermined, signed, unsigned)
SELECT repository_id, (received_at + 259200000) / 604800000, sum(verdict = 0), sum(verdict = 1), sum(verdict = 2), sum(verdict = 3),
  sum(searched AND valid), sum(searched AND NOT valid AND NOT unknown)
FROM (
  SELECT repository_id, received_at, verdict,
    coalesce(json_type(evidence, '$.signatures.found') = 'array' AND json_type(evidence, '$.signatures.places') = 'array', 0) AS searched,
    EXISTS (SELECT 1 FROM json_each(evidence, '$.signatures.found') f WHERE json_extract(evidence, f.fullkey || '.state') = 'valid') AS valid,
    EXISTS (SELECT 1 FROM json_each(evidence, '$.signatures.found') f WHERE json_extract(evidence, f.fullkey || '.state') = 'unavailable')
      OR EXISTS (SELECT 1 FROM json_each(evidence, '$.signatures.places') p WHERE json_extract(evidence, p.fullkey || '.state') = 'unavailable') AS unknown
  FROM pushes WHERE attempts > 0 AND verdict IS NOT NULL)
GROUP BY 1, 2;

-- Deliveries that name no image, which are few: the last ones of a webhook are looked for by their time.
CREATE INDEX deliveries_of_no_image ON deliveries (hook_id, received_at) WHERE outcome IN (1, 2);
