import type { Source } from './credential-stores.ts';
import { sealContext } from './poll-source.ts';
import type { Seal } from './ports.ts';
import type { DockerHub } from './registry-accounts.ts';
import { createBudget } from './request-budget.ts';

interface Audit {
  readonly teamId: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

/** Somebody who connects or changes a source: by API key, on a page. */
export interface Connector {
  readonly teamId: number;
  /** As it stands in the audit log. */
  readonly name: string;
  readonly now: number;
}

/** What connecting needs of the installation. */
export interface SourceDesk {
  readonly hub: Pick<DockerHub, 'signIn'>;
  readonly seal: Seal;
  readonly sources: { get(teamId: number, id: number): Promise<Source | null> };
  readonly sourceAdmin: {
    add(
      teamId: number,
      source: { readonly account: string; readonly organization: string; readonly sealed: string },
      by: string,
      now: number,
      audit: Audit,
    ): Promise<number | null>;
    change(teamId: number, id: number, sealed: string, now: number, audit: Audit): Promise<void>;
    pollNow(teamId: number, id: number, now: number, audit: Audit): Promise<void>;
    remove(teamId: number, id: number, audit: Audit): Promise<void>;
  };
}

/** `refused`: Docker Hub does not let the account in with that secret. `not-there`: not in this team. */
export type SourceChange = 'done' | 'refused' | 'not-there';

const auditBy = ({ teamId, now, name }: Connector, what: string, account: string, detail: unknown = null): Audit => ({
  teamId,
  at: now,
  actor: name,
  action: `source.${what}`,
  target: `dockerhub ${account}`,
  detail,
});

/** A login that does not work is said now, not with the first poll. If nobody answers, the poll will tell. */
async function isRefused(desk: SourceDesk, identifier: string, secret: string): Promise<boolean> {
  return (await desk.hub.signIn({ identifier, secret }, createBudget(1))).kind === 'signed-out';
}

/** Answers with the new source's id; `there`: the team reads this account already. */
export async function connectSource(
  desk: SourceDesk,
  by: Connector,
  given: { readonly account: string; readonly organization?: string | undefined; readonly secret: string },
): Promise<number | 'refused' | 'there'> {
  const { account, secret } = given;
  if (await isRefused(desk, account, secret)) return 'refused';
  const sealed = await desk.seal.seal(secret, sealContext(by.teamId));
  const organization = given.organization ?? (secret.startsWith('dckr_oat_') ? account : '');
  const audit = auditBy(by, 'connected', account, { organization });
  return (await desk.sourceAdmin.add(by.teamId, { account, organization, sealed }, by.name, by.now, audit)) ?? 'there';
}

/** A new login; where it was read to stays. */
export async function renewSource(desk: SourceDesk, by: Connector, id: number, secret: string): Promise<SourceChange> {
  const source = await desk.sources.get(by.teamId, id);
  if (source === null) return 'not-there';
  if (await isRefused(desk, source.account, secret)) return 'refused';
  const sealed = await desk.seal.seal(secret, sealContext(by.teamId));
  await desk.sourceAdmin.change(by.teamId, id, sealed, by.now, auditBy(by, 'changed', source.account));
  return 'done';
}

/** What was learnt from it stays. */
export async function removeSource(desk: SourceDesk, by: Connector, id: number): Promise<SourceChange> {
  const source = await desk.sources.get(by.teamId, id);
  if (source === null) return 'not-there';
  await desk.sourceAdmin.remove(by.teamId, id, auditBy(by, 'disconnected', source.account));
  return 'done';
}

/** Reads it within a minute, whenever it would be due. */
export async function pollSourceNow(desk: SourceDesk, by: Connector, id: number): Promise<SourceChange> {
  const source = await desk.sources.get(by.teamId, id);
  if (source === null) return 'not-there';
  await desk.sourceAdmin.pollNow(by.teamId, id, by.now, auditBy(by, 'polled', source.account));
  return 'done';
}
