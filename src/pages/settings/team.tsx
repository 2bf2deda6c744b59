import type { JSX } from 'hono/jsx/jsx-runtime';
import { may, ROLES, type Role } from '../../domain/person.ts';
import type { InvitationRecord, MemberRecord } from '../../store/people.ts';
import type { PageInput } from '../page.ts';
import { Field, PostForm, Select } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { SettingsFrame } from './frame.tsx';

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  owner: 'Owner: everything, also members and keys',
  maintainer: 'Maintainer: handles alerts',
  viewer: 'Viewer: sees, changes nothing',
};
const ROLE_OPTIONS = ROLES.map((role) => ({ value: role, label: ROLE_WORDS[role] }));
const SHORT_OPTIONS = ROLES.map((role) => ({ value: role, label: role }));
const PROVIDERS = { github: 'GitHub', access: 'Cloudflare Access' } as const;

export async function teamPage(input: PageInput): Promise<Response> {
  const { services, visit, now, c } = input;
  const { session } = visit;
  const { members, invitations } = await services.people.team(session.teamId, now);
  const teams =
    session.personId !== null && session.frame.teams > 1 ? await services.people.teamsOf(session.personId) : [];
  const manages = may(session.role, 'manage-team');
  const main = (
    <SettingsFrame input={input} at="/settings">
      <section aria-labelledby="h-members">
        <div class="head">
          <h2 id="h-members">Members</h2>
          <p>Who has an admin key is an owner too, and not listed here</p>
        </div>
        <Members input={input} members={members} manages={manages} />
      </section>
      {invitations.length === 0 ? null : <Invitations input={input} invitations={invitations} manages={manages} />}
      {manages ? <InviteForm csrf={visit.csrf} /> : null}
      {teams.length < 2 ? null : (
        <section aria-labelledby="h-teams">
          <div class="head">
            <h2 id="h-teams">Your teams</h2>
          </div>
          <PostForm action="/settings/team" csrf={visit.csrf} class="row">
            <Field id="team" label="Go to team">
              <Select
                id="team"
                name="team"
                selected={String(session.teamId)}
                options={teams.map(({ id, name, role }) => ({ value: String(id), label: `${name} (${role})` }))}
              />
            </Field>
            <button type="submit" class="btn">
              Go
            </button>
          </PostForm>
        </section>
      )}
    </SettingsFrame>
  );
  return show(c, { title: 'Team', at: '/settings', main });
}

interface MembersProps {
  readonly input: PageInput;
  readonly members: readonly MemberRecord[];
  readonly manages: boolean;
}

function Members({ input, members, manages }: MembersProps): JSX.Element {
  const { now, visit } = input;
  const columns = [
    { label: 'Member' },
    { label: 'Role', kind: 'verdict' },
    { label: 'Signs in with' },
    { label: 'Since' },
  ] as const;
  const rows = members.map((member) => ({
    cells: [
      member.id === visit.session.personId ? `${member.name} (you)` : member.name,
      <span class="v v-plain">{member.role}</span>,
      member.identities.length === 0
        ? 'one-time links'
        : member.identities.map(({ provider, login }) => `${PROVIDERS[provider]}: ${login}`).join(', '),
      <When at={member.createdAt} now={now} />,
      ...(manages ? [<MemberForms member={member} csrf={visit.csrf} />] : []),
    ],
  }));
  return (
    <Rows
      caption="Members of this team"
      columns={manages ? [...columns, { label: 'Change' }] : columns}
      rows={rows}
      none="Nobody is a member yet: whoever is signed in here came with an admin key. Invite people below."
    />
  );
}

function MemberForms({ member, csrf }: { readonly member: MemberRecord; readonly csrf: string }): JSX.Element {
  const action = (what: string): string => `/settings/members/${member.id}/${what}`;
  return (
    <div class="stack">
      <PostForm action={action('role')} csrf={csrf} class="inline">
        <Select
          id={`role-${member.id}`}
          name="role"
          options={SHORT_OPTIONS}
          selected={member.role}
          label={`Role of ${member.name}`}
        />
        <button type="submit" class="btn low">
          Change role<span class="vh"> of {member.name}</span>
        </button>
      </PostForm>
      <div class="inline">
        {member.identities.length > 0 ? null : (
          <PostForm action={action('link')} csrf={csrf}>
            <button type="submit" class="btn low">
              New sign-in link<span class="vh"> for {member.name}</span>
            </button>
          </PostForm>
        )}
        <PostForm action={action('remove')} csrf={csrf}>
          <button type="submit" class="btn low">
            Remove<span class="vh"> {member.name}</span>
          </button>
        </PostForm>
      </div>
    </div>
  );
}

interface InvitationsProps {
  readonly input: PageInput;
  readonly invitations: readonly InvitationRecord[];
  readonly manages: boolean;
}

function Invitations({ input, invitations, manages }: InvitationsProps): JSX.Element {
  const { now, visit } = input;
  const columns = [
    { label: 'Invited' },
    { label: 'Role', kind: 'verdict' },
    { label: 'Bound to' },
    { label: 'Expires' },
  ] as const;
  const rows = invitations.map((each) => ({
    cells: [
      `${PROVIDERS[each.provider]}: ${each.login}`,
      <span class="v v-plain">{each.role}</span>,
      each.isBound ? 'the account that has this name now' : 'the first who signs in under this name',
      <When at={each.expiresAt} now={now} />,
      ...(manages
        ? [
            <PostForm action={`/settings/invitations/${each.id}/withdraw`} csrf={visit.csrf}>
              <button type="submit" class="btn low">
                Withdraw<span class="vh"> the invitation of {each.login}</span>
              </button>
            </PostForm>,
          ]
        : []),
    ],
  }));
  return (
    <section aria-labelledby="h-invited">
      <div class="head">
        <h2 id="h-invited">Invited</h2>
      </div>
      <Rows
        caption="Invitations"
        columns={manages ? [...columns, { label: 'Change' }] : columns}
        rows={rows}
        none="Nobody is invited."
      />
    </section>
  );
}

function InviteForm({ csrf }: { readonly csrf: string }): JSX.Element {
  return (
    <section class="slim" aria-labelledby="h-invite">
      <div class="head">
        <h2 id="h-invite">Invite somebody</h2>
      </div>
      <PostForm action="/settings/invitations" csrf={csrf} class="panel pad stack">
        <Field id="by" label="They sign in with">
          <Select
            id="by"
            name="by"
            options={[
              { value: 'github', label: 'GitHub' },
              { value: 'access', label: 'Cloudflare Access' },
              { value: 'link', label: 'one-time links that an owner gives them' },
            ]}
          />
        </Field>
        <Field id="login" label="Name" hint="GitHub login, e-mail address for Access, or any name for links.">
          <input id="login" name="login" maxlength={100} required autocomplete="off" aria-describedby="login-hint" />
        </Field>
        <Field id="role" label="Role">
          <Select id="role" name="role" options={ROLE_OPTIONS} selected="viewer" />
        </Field>
        <button type="submit" class="btn main">
          Invite
        </button>
      </PostForm>
    </section>
  );
}
