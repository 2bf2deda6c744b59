import type { JSX } from 'hono/jsx/jsx-runtime';
import * as z from 'zod';
import type { CredentialKind, CredentialMark } from '../domain/credential.ts';
import { LONG_KIND, MARK_NAMES, nameOrNone } from '../notify/credential-page-words.ts';
import type { Attention, CredentialFilter, CredentialList, ListedCredential } from '../store/credential-lists.ts';
import { credentialAddress } from './addresses.ts';
import { notHere, type PageInput, type PageRoute } from './page.ts';
import { Field, Select } from './parts/form.tsx';
import { type Row, Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { show } from './show.tsx';

const PAGE_SIZE = 50;
const LONGEST = 255;

// `Object.keys` gives strings; these are the kinds and marks above.
const KINDS = Object.keys(LONG_KIND) as CredentialKind[];
const MARKS = Object.keys(MARK_NAMES) as CredentialMark[];

const query = z.object({
  kind: z.enum(['', ...KINDS]).default(''),
  mark: z.enum(['', ...MARKS]).default(''),
  account: z.string().trim().max(LONGEST).default(''),
  q: z.string().trim().max(LONGEST).default(''),
  before: z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .optional(),
});

async function credentialsPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const asked = query.safeParse(c.req.query());
  if (!asked.success) throw notHere();
  const { kind, mark, account, q, before } = asked.data;
  const filter = { kind: kind === '' ? null : kind, mark: mark === '' ? null : mark, account, text: q };
  const from = before === undefined ? null : Number(before);
  const list = await services.credentialLists.read(visit.session.teamId, filter, from, PAGE_SIZE, now);
  const isFiltered = kind !== '' || mark !== '' || account !== '' || q !== '';
  const isEmpty = list.credentials.length === 0 && !isFiltered && from === null;
  const main = (
    <>
      <div class="top">
        <h1>Credentials</h1>
        <p>Accounts and tokens that can push</p>
      </div>
      {isEmpty ? (
        <Empty list={list} />
      ) : (
        <>
          <Needed list={list} now={now} />
          <Filter filter={filter} />
          <Found list={list} now={now} isFiltered={isFiltered} />
          {list.next === null ? null : (
            <p class="pager">
              <a href={`/credentials?${new URLSearchParams({ kind, mark, account, q, before: String(list.next) })}`}>
                {list.credentials.length < PAGE_SIZE ? 'Look further back' : 'Older'}
              </a>
            </p>
          )}
          {list.hasSource ? null : <NoSource />}
        </>
      )}
    </>
  );
  return show(c, { title: 'Credentials', at: '/credentials', main });
}

const COLUMNS = [
  { label: 'Credential' },
  { label: 'Mark', kind: 'verdict' },
  { label: 'Account' },
  { label: 'Last used' },
  { label: 'First seen', kind: 'wide' },
  { label: 'Expires' },
  { label: 'Expected on' },
] as const;

/** The later of what the registry says and what we saw. */
export const lastUse = ({ usedAt, lastSeenAt }: Pick<ListedCredential, 'usedAt' | 'lastSeenAt'>): number | null =>
  usedAt === null && lastSeenAt === null ? null : Math.max(usedAt ?? 0, lastSeenAt ?? 0);

function rowOf(credential: ListedCredential, now: number, badge: JSX.Element): Row {
  const { id, kind, name, account, mark, ciOnly, firstSeenAt, expiresAt, goneAt } = credential;
  const used = lastUse(credential);
  return {
    cells: [
      <>
        <a href={credentialAddress(id)}>{nameOrNone(name)}</a>
        <small>
          {LONG_KIND[kind]} <code>{`C-${id}`}</code>
          {goneAt === null ? '' : ', gone from its list'}
        </small>
      </>,
      badge,
      account ?? '',
      used === null ? 'never seen' : <When at={used} now={now} form="below" />,
      <When at={firstSeenAt} now={now} form="time" />,
      expiresAt === null ? '' : <When at={expiresAt} now={now} form="below" />,
      mark !== 'expected' && !ciOnly ? (
        ''
      ) : (
        <>
          {mark === 'expected' ? <ExpectedOn credential={credential} /> : ''}
          {ciOnly ? <small>CI only</small> : ''}
        </>
      ),
    ],
  };
}

function ExpectedOn({ credential }: { readonly credential: ListedCredential }): JSX.Element {
  const { expectedOn, expectedImages } = credential;
  if (expectedOn === null) return <>all images</>;
  if (expectedOn.length === 0) return <>no image</>;
  const more = expectedOn.length - expectedImages.length;
  return (
    <>
      {expectedImages.join(', ')}
      {more > 0 ? ` and ${more} more` : ''}
    </>
  );
}

const NEEDS: Readonly<Record<Attention, JSX.Element>> = {
  'canary-used': <VerdictBadge verdict="rogue" word="Bait was used" />,
  'unexpected-used': <VerdictBadge verdict="rogue" word="Unexpected, used" />,
  'retired-used': <VerdictBadge verdict="rogue" word="Retired, used" />,
  expiring: <PlainBadge word="Ends soon" />,
};

function Needed({ list, now }: { readonly list: CredentialList; readonly now: number }): JSX.Element | null {
  if (list.attention.length === 0) return null;
  return (
    <section aria-labelledby="h-needed">
      <div class="head">
        <h2 id="h-needed">Look at these first</h2>
        <p>Used in the last 30 days though nobody should, or ending within 14 days</p>
      </div>
      <Rows
        caption="Credentials that ask for attention"
        columns={COLUMNS}
        rows={list.attention.map(({ credential, why }) => ({
          ...rowOf(credential, now, NEEDS[why]),
          isRogue: why !== 'expiring',
        }))}
        none=""
      />
    </section>
  );
}

interface FoundProps {
  readonly list: CredentialList;
  readonly now: number;
  readonly isFiltered: boolean;
}

function Found({ list, now, isFiltered }: FoundProps): JSX.Element {
  return (
    <section aria-labelledby="h-found">
      <div class="head">
        <h2 id="h-found">{isFiltered ? 'Those that fit' : 'All of them'}</h2>
        <p>Newest first</p>
      </div>
      <Rows
        caption="Credentials"
        columns={COLUMNS}
        rows={list.credentials.map((each) => rowOf(each, now, <PlainBadge word={MARK_NAMES[each.mark]} />))}
        none={
          list.next === null
            ? 'None fits. Only what pushed to a watched image, or is listed by a connected account, is known here.'
            : 'None of the thousand looked through here fits. There are more.'
        }
      />
    </section>
  );
}

function Filter({ filter }: { readonly filter: CredentialFilter }): JSX.Element {
  const { kind, mark, account, text } = filter;
  return (
    <section aria-label="Filter">
      <form action="/credentials" class="row">
        <Field id="kind" label="Kind">
          <Select
            id="kind"
            name="kind"
            selected={kind ?? ''}
            options={[{ value: '', label: 'any' }, ...KINDS.map((value) => ({ value, label: LONG_KIND[value] }))]}
          />
        </Field>
        <Field id="mark" label="Mark">
          <Select
            id="mark"
            name="mark"
            selected={mark ?? ''}
            options={[{ value: '', label: 'any' }, ...MARKS.map((value) => ({ value, label: MARK_NAMES[value] }))]}
          />
        </Field>
        <Field id="account" label="Account">
          <input id="account" name="account" value={account} maxlength={LONGEST} autocomplete="off" />
        </Field>
        <Field id="text" label="Name, id or note has">
          <input id="text" name="q" value={text} maxlength={LONGEST} autocomplete="off" />
        </Field>
        <button type="submit" class="btn">
          Show
        </button>
      </form>
    </section>
  );
}

const NoSource = (): JSX.Element => (
  <p class="note">
    <span>
      No Docker Hub account is connected, so tokens are not known: webhooks of Docker Hub name the account alone.{' '}
      <a href="/settings/sources">Connect one</a>
    </span>
  </p>
);

function Empty({ list }: { readonly list: CredentialList }): JSX.Element {
  return (
    <div class="panel empty stack">
      <h2>Nothing that can push is known yet</h2>
      <p>
        Accounts appear here by themselves with the first push to a watched image: GitHub tells who sent it, Docker Hub
        and other registries name the account.
      </p>
      <p>
        {list.hasSource
          ? 'A Docker Hub account is connected: its tokens appear within minutes.'
          : 'Tokens appear once you connect a Docker Hub account. Its list of tokens is read every few minutes, so that a token nobody expected, or bait that was taken, is told.'}
      </p>
      <div class="btns">
        <a class={list.hasSource ? 'btn' : 'btn main'} href="/settings/sources">
          {list.hasSource ? 'See how it answers' : 'Connect Docker Hub'}
        </a>
      </div>
    </div>
  );
}

export const credentialListPages: readonly PageRoute[] = [
  { method: 'get', path: '/credentials', right: 'see', run: credentialsPage },
];
