import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../../domain/person.ts';
import { isBlind, type PartStatus, SOURCE_PARTS, type SourcePart } from '../../domain/source.ts';
import { PART_STATES, PART_WORDS, partCost, sourceAdvice } from '../../notify/source-words.ts';
import type { Source } from '../../usecases/credential-stores.ts';
import { sourceName } from '../../usecases/poll-source.ts';
import type { PageInput } from '../page.ts';
import { Field, PostForm } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { SettingsFrame } from './frame.tsx';

export async function sourcesPage(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const sources = await services.sourceAdmin.list(visit.session.teamId);
  const csrf = may(visit.session.role, 'manage-team') ? visit.csrf : null;
  const main = (
    <SettingsFrame input={input} at="/settings/sources">
      {sources.length === 0 ? (
        <None />
      ) : (
        sources.map((source) => <OneSource source={source} now={input.now} csrf={csrf} />)
      )}
      {csrf === null ? null : <ConnectForm csrf={csrf} />}
    </SettingsFrame>
  );
  return show(c, { title: 'Sources', at: '/settings', main });
}

const None = (): JSX.Element => (
  <section class="panel empty stack" aria-labelledby="h-none">
    <h2 id="h-none">No registry account is connected</h2>
    <p>
      Docker Hub’s webhooks name the account that pushed, and not the token. Once an account is connected, its list of
      tokens is read every few minutes, and its audit log where the plan has one: each push is then attributed to a
      token, and a token that is used, made or taken without a push is told.
    </p>
    <p class="small muted">Images on GHCR and other registries need none of this: their webhooks say who pushed.</p>
  </section>
);

interface OneProps {
  readonly source: Source;
  readonly now: number;
  /** `null`: this visitor may not change it. */
  readonly csrf: string | null;
}

function OneSource({ source, now, csrf }: OneProps): JSX.Element {
  const { id, status, polledAt, nextPollAt, createdAt } = source;
  const name = sourceName(source);
  return (
    <section aria-labelledby={`h-source-${id}`}>
      <div class="head">
        <h2 id={`h-source-${id}`}>{name}</h2>
        <p>
          {polledAt === null ? (
            'Not read to its end yet'
          ) : (
            <>
              Read <When at={polledAt} now={now} form="age" />
            </>
          )}
          {nextPollAt <= now ? (
            ', again within a minute'
          ) : (
            <>
              , again <When at={nextPollAt} now={now} form="age" />
            </>
          )}{' '}
          · connected <When at={createdAt} now={now} form="time" />
        </p>
      </div>
      <Rows
        caption={`What ${name} lets us read`}
        columns={[
          { label: 'What' },
          { label: 'State', kind: 'verdict' },
          { label: 'Last read' },
          { label: 'Without it' },
          { label: 'What to do' },
        ]}
        rows={SOURCE_PARTS.map((part) => partRow(part, status[part], now))}
        none=""
      />
      {csrf === null ? null : <SourceForms source={source} csrf={csrf} />}
    </section>
  );
}

function partRow(part: SourcePart, status: PartStatus, now: number) {
  const { state, since, readAt, reason } = status;
  if (state === 'off') return { cells: [PART_WORDS[part], <PartBadge status={status} now={now} />, '', '', ''] };
  return {
    cells: [
      PART_WORDS[part],
      <PartBadge status={status} now={now} />,
      readAt === null ? 'never' : <When at={readAt} now={now} form="below" />,
      state === 'ok' ? '' : partCost(part),
      state === 'ok' ? (
        ''
      ) : (
        <>
          {sourceAdvice(part, status) ?? 'Nothing.'}
          <small>
            {reason === null || reason === '' ? '' : `${reason}; `}so since <When at={since} now={now} form="time" />
          </small>
        </>
      ),
    ],
  };
}

/** What was never to be had is a fact about the account; what used to answer and does not is blindness. */
export function PartBadge({ status, now }: { readonly status: PartStatus; readonly now: number }): JSX.Element {
  const word = PART_STATES[status.state];
  return isBlind(status, now) ? <VerdictBadge verdict="undetermined" word={word} /> : <PlainBadge word={word} />;
}

function SourceForms({ source, csrf }: { readonly source: Source; readonly csrf: string }): JSX.Element {
  const { id } = source;
  const name = sourceName(source);
  const action = (what: string): string => `/settings/sources/${id}/${what}`;
  return (
    <div class="inline gap">
      <PostForm action={action('poll')} csrf={csrf}>
        <button type="submit" class="btn low">
          Read it now<span class="vh"> from {name}</span>
        </button>
      </PostForm>
      <details>
        <summary>Give a new login, or disconnect it</summary>
        <div class="panel pad stack">
          <PostForm action={action('login')} csrf={csrf} class="row">
            <Field id={`secret-${id}`} label={`New token or password for ${name}`} hint="Where it was read to stays.">
              <Secret id={`secret-${id}`} />
            </Field>
            <button type="submit" class="btn">
              Give it
            </button>
          </PostForm>
          <PostForm action={action('remove')} csrf={csrf} class="row">
            <p class="small">What was learnt stays. Its tokens are not watched any more, bait included.</p>
            <button type="submit" class="btn">
              Disconnect<span class="vh"> {name}</span>
            </button>
          </PostForm>
        </div>
      </details>
    </div>
  );
}

/** Never filled in: nothing shows a secret again. */
const Secret = ({ id }: { readonly id: string }): JSX.Element => (
  <input
    id={id}
    name="secret"
    type="password"
    minlength={8}
    maxlength={500}
    required
    autocomplete="off"
    aria-describedby={`${id}-hint`}
  />
);

function ConnectForm({ csrf }: { readonly csrf: string }): JSX.Element {
  return (
    <section aria-labelledby="h-connect">
      <div class="head">
        <h2 id="h-connect">Connect a Docker Hub account</h2>
        <p>It is only read, never written to</p>
      </div>
      <div class="cols">
        <PostForm action="/settings/sources" csrf={csrf} class="panel pad stack">
          <Field id="account" label="Account" hint="Who signs in: a user, or an organization with a token of its own.">
            <input
              id="account"
              name="account"
              maxlength={63}
              required
              autocomplete="off"
              aria-describedby="account-hint"
            />
          </Field>
          <Field
            id="organization"
            label="Organization (if its tokens and log are to be read)"
            hint="Empty: only the account’s own tokens and log."
          >
            <input
              id="organization"
              name="organization"
              maxlength={63}
              autocomplete="off"
              aria-describedby="organization-hint"
            />
          </Field>
          <Field
            id="secret"
            label="Token or password"
            hint="Stored encrypted, and never shown again, here or in the API."
          >
            <Secret id="secret" />
          </Field>
          <button type="submit" class="btn main">
            Connect it
          </button>
        </PostForm>
        <Scopes />
      </div>
    </section>
  );
}

const SCOPES = [
  [
    'Personal tokens of an account',
    'a personal token of the account, or its password. Docker does not say which level is enough: begin with the lowest, and look at the state',
    'To see last-used times: which token pushed, which sleeps, which bait was taken.',
  ],
  [
    'Tokens of an organization',
    'a personal token of an owner; an organization’s own token cannot list them',
    'The same for the organization, and what each token may reach.',
  ],
  [
    'Audit log',
    'an owner, or an organization token with scope-activity-read; Team and Business plans',
    'It names the token of each push, and tells of webhooks and rules that somebody took away.',
  ],
] as const;

function Scopes(): JSX.Element {
  return (
    <div>
      <Rows
        caption="What is read, with what, and why"
        columns={[{ label: 'What is read' }, { label: 'With' }, { label: 'Why' }]}
        rows={SCOPES.map((cells) => ({ cells }))}
        none=""
      />
      <p class="small muted gap">
        Use a token made for Pushwarden alone: its own sign-ins are recognised and left out, any other use of it is
        told.
      </p>
    </div>
  );
}
