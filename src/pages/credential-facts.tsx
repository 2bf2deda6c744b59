import type { JSX } from 'hono/jsx/jsx-runtime';
import { LONG_KIND, nameOrNone } from '../notify/credential-page-words.ts';
import type { CredentialPage } from '../store/credential-page.ts';
import { sourceName } from '../usecases/poll-source.ts';
import { When } from './parts/when.tsx';

/** Scopes, resources and images that are named; the rest is counted. */
const NAMED = 8;

interface Props {
  readonly page: CredentialPage;
  readonly now: number;
}

/** What its registry and maintainers say of it. */
export function CredentialFacts({ page, now }: Props): JSX.Element {
  const { credential } = page;
  const { kind, name, account, externalId, createdAt, createdBy, creatorIp, expiresAt, usedAt, goneAt } = credential;
  return (
    <section aria-labelledby="h-facts">
      <div class="head">
        <h2 id="h-facts">What we know about it</h2>
      </div>
      <dl class="panel pad facts">
        <dt>Kind</dt>
        <dd>{LONG_KIND[kind]}</dd>
        <dt>Name</dt>
        <dd>{nameOrNone(name)}</dd>
        <dt>Account</dt>
        <dd>{account ?? 'itself'}</dd>
        <dt>Its id there</dt>
        <dd>
          <code>{externalId}</code>
        </dd>
        <dt>May</dt>
        <dd>
          <Reach page={page} />
        </dd>
        <dt>Created</dt>
        <dd>
          {createdAt === null ? 'not told' : <When at={createdAt} now={now} form="full" />}
          {createdBy === null ? '' : ` by ${createdBy}`}
          {creatorIp === null ? '' : ` from ${creatorIp}`}
        </dd>
        <dt>Expires</dt>
        <dd>{expiresAt === null ? 'never, or not told' : <When at={expiresAt} now={now} />}</dd>
        <dt>Last used</dt>
        <dd>{usedAt === null ? 'its registry does not tell' : <When at={usedAt} now={now} form="full" />}</dd>
        <dt>First seen here</dt>
        <dd>
          <When at={credential.firstSeenAt} now={now} form="full" />
        </dd>
        {goneAt === null ? null : (
          <>
            <dt>Gone</dt>
            <dd>
              not listed, or not active, since <When at={goneAt} now={now} form="full" />
            </dd>
          </>
        )}
        <Said page={page} now={now} />
      </dl>
    </section>
  );
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}`;

function Reach({ page: { credential } }: Pick<Props, 'page'>): JSX.Element {
  const { scopes, resources } = credential;
  return (
    <>
      {scopes === null || scopes.length === 0 ? 'not told' : listed(scopes)}
      {resources === null
        ? ''
        : `, on ${resources.length === 0 ? 'nothing' : listed(resources.map(({ path }) => path))}`}
    </>
  );
}

/** What maintainers say of it, and who lists it. */
function Said({ page: { credential, expected, source }, now }: Props): JSX.Element {
  const { mark, expectedOn, ciOnly, note, markedAt, markedBy } = credential;
  return (
    <>
      {mark !== 'expected' ? null : (
        <>
          <dt>Expected on</dt>
          <dd>{expectedOn === null ? 'all images' : listed(expected.map(({ image }) => image)) || 'no image'}</dd>
        </>
      )}
      <dt>Only CI uses it</dt>
      <dd>{ciOnly ? 'yes: a use that nothing explains is an alert' : 'not said'}</dd>
      {markedAt === null ? null : (
        <>
          <dt>Marked</dt>
          <dd>
            <When at={markedAt} now={now} form="full" /> by {markedBy ?? 'somebody'}
            {note === null ? '' : `: ${note}`}
          </dd>
        </>
      )}
      {source === null ? null : (
        <>
          <dt>Listed by</dt>
          <dd>
            <a href="/settings/sources">{sourceName(source)}</a>
            {source.polledAt === null ? (
              ', not read to its end yet'
            ) : (
              <>
                , read <When at={source.polledAt} now={now} form="age" />
              </>
            )}
          </dd>
        </>
      )}
    </>
  );
}
