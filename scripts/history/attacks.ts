import type { AttackSite, Way } from './attack-site.ts';
import { CREDENTIAL_WAYS } from './credential-attacks.ts';
import { type By, DAY, HOUR, type Rule, SECOND } from './happening.ts';
import { hasCi, type PlannedRepository } from './world-plan.ts';

/** What CI did not announce: at once where it announces first, else at the deadline. */
function newVersion(site: AttackSite): boolean {
  const repository = site.repository(hasCi);
  const at = site.time();
  if (repository === null || !site.isAlone(repository, at)) return false;
  const tag = site.newTag();
  site.commit(
    { way: 'new version by a stolen token', at, rules: ['no-ci-run'] },
    { repository, tag, built: site.malware(repository), by: site.stolen(repository, at) },
  );
  site.undo(repository, tag, at);
  return true;
}

function overwrite(site: AttackSite): boolean {
  const repository = site.repository(() => true);
  const at = site.time();
  if (repository === null || !site.isAlone(repository, at)) return false;
  const tag = versionTag(site, repository, at);
  if (tag === null) return false;
  site.commit(
    { way: 'release tag overwritten', at, rules: ['tag-moved'] },
    { repository, tag, built: site.malware(repository), by: site.stolen(repository, at) },
  );
  site.undo(repository, tag, at);
  return true;
}

/** The newest version that Pushwarden knows of and that is not deleted. */
function versionTag(site: AttackSite, repository: PlannedRepository, at: number): string | null {
  const known = site.ledger
    .tagsOf(repository)
    .filter((tag) => /^\d+\.\d+\.\d+$/.test(tag))
    .flatMap((tag) => site.ledger.movesBefore(repository, tag, at).map((move) => ({ tag, ...move })))
    .filter(({ at: since }) => since < at - HOUR)
    .sort((one, other) => other.at - one.at);
  const newest = known[0];
  return newest?.told === true ? newest.tag : null;
}

function stranger(site: AttackSite): boolean {
  const repository = site.repository(() => true);
  const at = site.time();
  if (repository === null || !site.isAlone(repository, at)) return false;
  const by: By = { kind: 'account', name: `${repository.owner.name}-contractor` };
  const tag = site.newTag();
  site.commit(
    { way: 'unexpected account', at, rules: ['unexpected-pusher'] },
    { repository, tag, built: site.malware(repository), by },
  );
  site.undo(repository, tag, at);
  return true;
}

function rollback(site: AttackSite): boolean {
  const repository = site.repository(() => true);
  const at = site.time();
  if (repository === null || !site.isAlone(repository, at)) return false;
  const moves = site.ledger.movesBefore(repository, 'latest', at);
  const [old, current] = moves.slice(-2);
  if (old?.told !== true || current?.told !== true || old.image.digest === current.image.digest) return false;
  if (current.at > at - 2 * HOUR) return false;
  site.commit(
    { way: 'rollback to an old image', at, rules: ['tag-rolled-back'] },
    { repository, tag: 'latest', built: { image: old.image, children: [] }, by: site.stolen(repository, at) },
  );
  site.undo(repository, 'latest', at);
  return true;
}

/** While a job of CI runs that did not say which tags it pushes. */
function insideWindow(site: AttackSite): boolean {
  const starts = site.ledger.happenings.filter(
    ({ at, deed }) =>
      deed.kind === 'announce' &&
      deed.phase === 'started' &&
      deed.tags.length === 0 &&
      at > DAY &&
      at < (site.days - 1.5) * DAY,
  );
  if (starts.length === 0) return false;
  const { at: opened, deed } = site.dice.pick(starts);
  if (deed.kind !== 'announce') return false;
  const at = opened + site.dice.between(3, 11) * SECOND;
  const tag = site.newTag();
  const { repository } = deed;
  site.commit(
    { way: 'inside the window of CI', at, rules: ['no-ci-run'] },
    { repository, tag, built: site.malware(repository), by: site.stolen(repository, at) },
  );
  site.undo(repository, tag, at);
  return true;
}

/** Longer than from one sweep to the next. */
const SWEPT_AFTER = 26 * HOUR;

/** The attacker took the webhook away first, or it got lost: the log or a sweep finds the push. */
function suppressed(site: AttackSite): boolean {
  const repository = site.repository(() => true);
  const at = site.time();
  if (repository === null || !site.isAlone(repository, at)) return false;
  const tag = site.newTag();
  const rules: Rule[] = hasCi(repository) ? ['unreported-push', 'no-ci-run'] : ['unreported-push'];
  site.commit(
    { way: 'webhook suppressed', at, rules },
    { repository, tag, built: site.malware(repository), by: site.stolen(repository, at), fate: 'suppressed' },
    SWEPT_AFTER,
  );
  site.undo(repository, tag, at, SWEPT_AFTER);
  return true;
}

/**
 * Pushed and put back at once, before a look. The log of an organization has it, and so has GitHub's webhook; a personal
 * account at Docker Hub leaves no trace of it anywhere.
 */
function hitAndRun(site: AttackSite): boolean {
  const repository = site.repository((one) => one.owner.kind !== 'personal' && hasCi(one));
  const at = site.time();
  if (repository === null || !site.isAlone(repository, at)) return false;
  const current = site.ledger.movesBefore(repository, 'latest', at).at(-1);
  if (current?.told !== true || current.at > at - 2 * HOUR) return false;
  const by = site.stolen(repository, at);
  const act = site.commit(
    { way: 'overwritten and put back', at, rules: ['no-ci-run'], touches: [current.image.digest] },
    { repository, tag: 'latest', built: site.malware(repository), by, fate: 'sent' },
  );
  const back = { image: current.image, children: [] };
  site.ledger.push({
    at: at + 0.2 * SECOND,
    repository,
    tag: 'latest',
    built: back,
    by,
    what: act.way,
    act,
    fate: 'sent',
  });
  return true;
}

export const WAYS: readonly Way[] = [
  { name: 'new-version', attempt: newVersion },
  { name: 'overwrite', attempt: overwrite },
  { name: 'stranger', attempt: stranger },
  { name: 'rollback', attempt: rollback },
  { name: 'inside-window', attempt: insideWindow },
  { name: 'suppressed', attempt: suppressed },
  { name: 'hit-and-run', attempt: hitAndRun },
  ...CREDENTIAL_WAYS,
];

/** No way is tried more often in a row. */
const MOST_ATTEMPTS = 400;

/** Plans so many acts, each way as often as any other as far as there is time and place for it. */
export function planAttacks(site: AttackSite, count: number): void {
  const given = new Set<Way>();
  for (let n = 0; site.acts.length < count && given.size < WAYS.length; n += 1) {
    const way = WAYS[n % WAYS.length];
    if (way === undefined || given.has(way)) continue;
    let attempts = 0;
    while (attempts < MOST_ATTEMPTS && !way.attempt(site)) attempts += 1;
    if (attempts === MOST_ATTEMPTS) given.add(way);
  }
}
