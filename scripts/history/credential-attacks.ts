import type { AttackSite, Way } from './attack-site.ts';
import { type By, DAY, MINUTE, type Rule } from './happening.ts';
import type { PlannedOwner, PlannedRepository, PlannedToken, TokenRole } from './world-plan.ts';

/** Ways in which a credential gives its thief away. Only Docker Hub tells of tokens. */

type Place = { readonly repository: PlannedRepository; readonly owner: PlannedOwner; readonly at: number };

/** An image where nothing else happens then; without a log, no other token of the account is used either. */
function place(site: AttackSite, fits: (repository: PlannedRepository) => boolean, from = DAY): Place | null {
  const repository = site.repository((one) => one.owner.kind !== 'github' && fits(one));
  const at = site.time(from);
  if (repository === null || !site.isAlone(repository, at)) return null;
  const { owner } = repository;
  return owner.kind === 'team' || site.isSure(owner, at) ? { repository, owner, at } : null;
}

function pushWith(
  site: AttackSite,
  { repository, at }: Place,
  token: PlannedToken,
  way: string,
  rules: readonly Rule[],
): true {
  const tag = site.newTag();
  const by: By = { kind: 'token', token };
  site.commit({ way, at, rules, token: token.label }, { repository, tag, built: site.malware(repository), by });
  site.undo(repository, tag, at);
  return true;
}

const stolenToken =
  (role: TokenRole, way: string, rules: readonly Rule[], fits: (repository: PlannedRepository) => boolean) =>
  (site: AttackSite): boolean => {
    const found = place(site, fits);
    const token = found === null ? null : site.token(found.owner, role, found.at);
    return found !== null && token !== null && pushWith(site, found, token, way, rules);
  };

/** Each wakes once: who has been told of it revokes it. */
function dormant(site: AttackSite): boolean {
  const { dormantDays } = site.world;
  if (site.days < dormantDays + 4) return false;
  const found = place(site, ({ policy }) => policy === 'pushers' || policy === 'tokens', (dormantDays + 2) * DAY);
  const token = found === null ? null : site.token(found.owner, 'dormant', found.at);
  if (found === null || token === null) return false;
  site.spend(token);
  site.ledger.add(found.at + 4 * 60 * MINUTE, { kind: 'revoke', token });
  return pushWith(site, found, token, 'dormant token woken', ['dormant-token-used']);
}

/** Who has taken an account makes a token of their own, from an address (or as a member) that nobody knows. */
function fresh(site: AttackSite): boolean {
  const found = place(site, () => true);
  if (found === null) return false;
  const n = site.acts.length + 1;
  const { owner, at } = found;
  const token: PlannedToken = {
    label: `${owner.name}-token-${n}`,
    owner,
    role: 'laptop',
    madeFrom: `203.0.${Math.floor(n / 250)}.${1 + (n % 250)}`,
    madeBy: owner.kind === 'team' ? `${owner.name}-newcomer-${n}` : owner.person,
  };
  site.ledger.add(at - site.dice.between(1, 12) * MINUTE, { kind: 'make-token', token });
  site.ledger.add(at + 4 * 60 * MINUTE, { kind: 'revoke', token });
  return pushWith(site, found, token, 'fresh token of a taken account', ['fresh-token-used']);
}

/** A token is used to sign in, and pushes nothing. */
function useOnly(site: AttackSite, role: TokenRole, way: string, rule: Rule): boolean {
  const owner = site.dice.pick(site.world.owners.filter(({ kind }) => kind !== 'github'));
  const at = site.time();
  const token = site.token(owner, role, at);
  if (token === null || (role === 'ci' && !(site.isCiSilent(owner, at) && site.isSure(owner, at)))) return false;
  site.commit({ way, at, rules: [rule], token: token.label }, null);
  site.ledger.add(at, { kind: 'use', token });
  return true;
}

export const CREDENTIAL_WAYS: readonly Way[] = [
  {
    name: 'unexpected-token',
    attempt: stolenToken('laptop', 'unexpected token', ['unexpected-token'], ({ policy }) => policy === 'tokens'),
  },
  { name: 'retired', attempt: stolenToken('retired', 'retired token', ['unexpected-token'], () => true) },
  { name: 'canary-push', attempt: stolenToken('canary', 'canary token pushes', ['canary-used'], () => true) },
  { name: 'canary', attempt: (site) => useOnly(site, 'canary', 'canary token used', 'canary-used') },
  { name: 'dormant', attempt: dormant },
  { name: 'fresh', attempt: fresh },
  { name: 'outside-ci', attempt: (site) => useOnly(site, 'ci', 'CI token used outside CI', 'token-used-outside-ci') },
];
