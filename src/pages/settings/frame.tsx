import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../../domain/person.ts';
import type { AuditEntry } from '../../store/audit.ts';
import type { PageInput } from '../page.ts';
import { Notice } from '../parts/banner.tsx';

const TABS = [
  ['/settings', 'Team', 'see'],
  ['/settings/keys', 'API keys', 'manage-team'],
  ['/settings/channels', 'Channels', 'see'],
  ['/settings/sources', 'Sources', 'see'],
  ['/settings/issuers', 'Trusted issuers', 'see'],
  ['/settings/retention', 'Retention', 'see'],
  ['/settings/sessions', 'Sessions', 'see'],
  ['/audit', 'Audit log', 'see-audit-log'],
] as const;

/** What forms here come back with. The words are ours: an address cannot make a page say anything else. */
const DONE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    invited: 'Invited. They are in with their next sign-in.',
    'invited-open':
      'Invited. GitHub did not tell whose name that is, so whoever has it first gets in: within three days, or ask again.',
    withdrawn: 'The invitation is withdrawn.',
    role: 'The role is changed. That member has to sign in again.',
    removed: 'The member is removed and signed out.',
    revoked: 'The key is revoked. Who had signed in with it is signed out.',
    ended: 'The session is ended.',
    'channel-added': 'The channel is added. Send a test to see that it works.',
    'channel-saved': 'Saved. What was waiting for this channel is sent now.',
    'channel-replaced': 'The address is replaced. Send a test to see that it works.',
    'channel-tested': 'The test was taken: look for it there. What the channel had refused is sent now.',
    'channel-image': 'Changed where alerts of that image go.',
    'channel-removed': 'The channel is removed.',
    'root-given': 'The trusted root is there. It counts for nothing until a policy names it.',
    'root-removed': 'The trusted root is removed.',
    connected: 'Connected. It is read within a minute; its tokens appear under Credentials.',
    login: 'The new login is kept. It is tried within a minute.',
    polled: 'It is read within a minute.',
    disconnected: 'Disconnected. What was learnt from it stays.',
  }),
);

interface Props {
  readonly input: PageInput;
  readonly at: (typeof TABS)[number][0];
  readonly children: Child;
}

export function SettingsFrame({ input, at, children }: Props): JSX.Element {
  const { role } = input.visit.session;
  const done = DONE.get(input.c.req.query('done') ?? '');
  return (
    <>
      <div class="top">
        <h1>Settings of team {input.visit.session.team}</h1>
        <nav class="chips" aria-label="Settings">
          {TABS.filter(([, , right]) => may(role, right)).map(([href, label]) => (
            <a href={href} {...(href === at ? { 'aria-current': 'page' } : {})}>
              {label}
            </a>
          ))}
        </nav>
      </div>
      {done === undefined ? null : <Notice text={done} isProblem={false} />}
      {children}
    </>
  );
}

/** A change by this visitor, as the audit log keeps it. */
export function auditBy({ visit, now }: PageInput, action: string, target: string, detail: unknown = null): AuditEntry {
  return { teamId: visit.session.teamId, at: now, actor: visit.session.name, action, target, detail };
}
