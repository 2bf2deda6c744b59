import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../../domain/person.ts';
import { addTrustedRoot, removeTrustedRoot } from '../../http/api/trusted-roots.ts';
import type { TrustedRootRecord } from '../../store/trusted-roots.ts';
import { type PageInput, PageProblem } from '../page.ts';
import { Digest } from '../parts/digest.tsx';
import { Field, PostForm } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { seeOther, show } from '../show.tsx';
import { asPage } from './as-page.ts';
import { SettingsFrame } from './frame.tsx';

const CI_NAMES = {
  github: 'GitHub Actions',
  gitlab: 'GitLab CI',
  circleci: 'CircleCI',
  buildkite: 'Buildkite',
} as const;

/** Whose word counts here: of CI jobs, and about signatures. Nothing counts that no policy names. */
export async function issuersPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const roots = await services.trustedRoots.list(visit.session.teamId, now);
  const manages = may(visit.session.role, 'manage-team');
  const main = (
    <SettingsFrame input={input} at="/settings/issuers">
      <Issuers input={input} />
      <section aria-labelledby="h-roots">
        <div class="head">
          <h2 id="h-roots">Trusted roots of signatures</h2>
          <p>
            Whose certificates, logs and timestamps count. A policy names one, and says which identities under it may
            sign
          </p>
        </div>
        <Roots roots={roots} input={input} manages={manages} />
      </section>
      {manages ? <GiveRoot csrf={visit.csrf} /> : null}
    </SettingsFrame>
  );
  return show(c, { title: 'Trusted issuers', at: '/settings', main });
}

function Issuers({ input }: { readonly input: PageInput }): JSX.Element {
  const { oidcIssuers, oidcAudience } = input.services.settings;
  const rows = oidcIssuers.map(({ issuer, kind, jwksUrl, algorithms }) => ({
    cells: [
      <code>{issuer}</code>,
      CI_NAMES[kind],
      jwksUrl === undefined ? 'at the issuer’s own address' : <code>{jwksUrl}</code>,
      (algorithms ?? ['RS256']).join(', '),
    ],
  }));
  return (
    <section aria-labelledby="h-issuers">
      <div class="head">
        <h2 id="h-issuers">Issuers of CI tokens</h2>
        <p>
          Of the whole installation: set by whoever runs it, as <code>OIDC_ISSUERS</code>
        </p>
      </div>
      <Rows
        caption="Issuers of CI tokens"
        columns={[{ label: 'Issuer' }, { label: 'CI' }, { label: 'Its keys' }, { label: 'Algorithms' }]}
        rows={rows}
        none="None: no job can announce a release here."
      />
      <p class="small muted gap">
        {oidcAudience === '' ? (
          'No announcement is accepted: this installation has no PUBLIC_URL, so no token can be meant for it.'
        ) : (
          <>
            A token has to be meant for this installation: its audience is <code>{oidcAudience}</code>. A genuine token
            counts only where a policy names its job.
          </>
        )}
      </p>
    </section>
  );
}

const SOURCES = { vendored: 'came with this release', tuf: 'kept up to date', given: 'given by your team' } as const;

interface RootsProps {
  readonly roots: readonly TrustedRootRecord[];
  readonly input: PageInput;
  readonly manages: boolean;
}

function Roots({ roots, input: { now, visit }, manages }: RootsProps): JSX.Element {
  const columns = [
    { label: 'Root' },
    { label: 'State', kind: 'verdict' },
    { label: 'From' },
    { label: 'Which' },
    { label: 'Since' },
  ] as const;
  const rows = roots.map((root) => ({
    cells: [
      root.name,
      root.stale ? <VerdictBadge verdict="undetermined" word="Stale" /> : <PlainBadge word="In use" />,
      <>
        {SOURCES[root.source]}
        {root.url === null ? null : <small>{root.url}</small>}
        {root.problem === null ? null : <small>The last refresh failed: {root.problem}</small>}
      </>,
      root.id === null ? 'not fetched yet' : <Digest digest={root.id} />,
      root.updatedAt === null ? (
        ''
      ) : (
        <>
          <When at={root.updatedAt} now={now} />
          {root.addedBy === null ? '' : ` by ${root.addedBy}`}
        </>
      ),
      ...(manages ? [root.source === 'given' ? <RemoveRoot name={root.name} csrf={visit.csrf} /> : ''] : []),
    ],
  }));
  return (
    <Rows
      caption="Trusted roots"
      columns={manages ? [...columns, { label: 'Change' }] : columns}
      rows={rows}
      none="None: only signatures by keys that a policy lists can be verified here."
    />
  );
}

function RemoveRoot({ name, csrf }: { readonly name: string; readonly csrf: string }): JSX.Element {
  return (
    <PostForm action={`/settings/issuers/roots/${name}/remove`} csrf={csrf}>
      <button type="submit" class="btn low">
        Remove<span class="vh"> {name}</span>
      </button>
    </PostForm>
  );
}

function GiveRoot({ csrf }: { readonly csrf: string }): JSX.Element {
  return (
    <section class="slim" aria-labelledby="h-give">
      <div class="head">
        <h2 id="h-give">Give a trusted root</h2>
      </div>
      <p>
        Of a Sigstore of your own, or GitHub’s for private repositories. Whoever holds its keys can make signatures that
        count for the policies that name it: take it from somebody you trust. It is never refreshed.
      </p>
      <PostForm action="/settings/issuers/roots" csrf={csrf} class="panel pad stack gap">
        <Field id="name" label="Name" hint="What policies call it: lower-case letters, digits and -.">
          <input
            id="name"
            name="name"
            maxlength={40}
            pattern="[a-z0-9-]+"
            required
            autocomplete="off"
            aria-describedby="name-hint"
          />
        </Field>
        <Field
          id="trustedRoot"
          label="Trusted root"
          hint="JSON, as cosign trusted-root create or gh attestation trusted-root writes it. One of that name is replaced."
        >
          <textarea id="trustedRoot" name="trustedRoot" rows={6} required aria-describedby="trustedRoot-hint" />
        </Field>
        <button type="submit" class="btn main">
          Give it
        </button>
      </PostForm>
    </section>
  );
}

export async function giveRoot(input: PageInput): Promise<Response> {
  const { c, services, form, now, visit } = input;
  let trustedRoot: unknown;
  try {
    trustedRoot = JSON.parse(form.get('trustedRoot') ?? '');
  } catch {
    throw new PageProblem(400, 'The trusted root is not JSON. Nothing was changed.');
  }
  const caller = { teamId: visit.session.teamId, name: visit.session.name };
  await asPage(addTrustedRoot({ given: { name: form.get('name')?.trim(), trustedRoot }, caller, services, now }));
  return seeOther(c, '/settings/issuers?done=root-given');
}

export async function removeRoot(input: PageInput): Promise<Response> {
  const { c, services, now, visit } = input;
  const caller = { teamId: visit.session.teamId, name: visit.session.name };
  await asPage(removeTrustedRoot({ name: c.req.param('name') ?? '', caller, services, now }));
  return seeOther(c, '/settings/issuers?done=root-removed');
}
