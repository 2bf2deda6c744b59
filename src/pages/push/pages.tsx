import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../../domain/person.ts';
import { pushView } from '../../http/views.ts';
import { pushName } from '../../notify/push-words.ts';
import type { PushBrief, PushPage } from '../../store/push-page.ts';
import { comparePush } from '../../usecases/compare-push.ts';
import { createBudget } from '../../usecases/request-budget.ts';
import type { PushKey } from '../../usecases/stores.ts';
import { digestAddress, pushAddress, repositoryAddress, tagAddress } from '../addresses.ts';
import { notHere, type PageInput, type PageRoute } from '../page.ts';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { seeOther, show } from '../show.tsx';
import { WhatChanged } from './change.tsx';
import { EvidenceChain } from './evidence.tsx';
import { keptSignatures } from './link.tsx';
import { Top, type TopProps } from './top.tsx';

/** The raw evidence on the page; all of it stands in the JSON. Escaped it grows, and the page is to stay small. */
const RAW_SHOWN = 5000;

/** The number of `12-345`. @throws PageProblem 404 */
function keyOf(text: string | undefined): PushKey {
  const [, repository, seq] = /^([1-9]\d{0,11})-([1-9]\d{0,11})$/.exec(text ?? '') ?? [];
  if (repository === undefined || seq === undefined) throw notHere();
  return { repository: Number(repository), seq: Number(seq) };
}

/** Verdict and age, what to do, why, evidence, what changed, raw: in this order. */
async function pushPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const id = c.req.param('id') ?? '';
  const isJson = id.endsWith('.json');
  const page = await services.pushPages.read(visit.session.teamId, keyOf(isJson ? id.slice(0, -'.json'.length) : id));
  if (page === null) throw notHere();
  if (isJson) return c.json(pushView(page.push));
  const { push } = page;
  const mayAsk = may(visit.session.role, 'handle-alerts');
  const main = (
    <>
      <Crumbs page={page} />
      <Top page={page} now={now} />
      <EvidenceChain page={page} now={now} />
      <WhatChanged
        comparison={page.comparison}
        tag={push.tag}
        now={now}
        ask={mayAsk ? { action: `${pushAddress(push)}/compare`, csrf: visit.csrf } : null}
      />
      <Others page={page} now={now} />
      <Raw page={page} />
    </>
  );
  return show(c, { title: `${push.verdict ?? 'Push'}: ${pushName(push)}`, at: '/repositories', main });
}

/** `GET` never asks a registry anything: this does. */
async function compareForm(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const key = keyOf(c.req.param('id'));
  if ((await services.comparisons.read(visit.session.teamId, key)) === null) throw notHere();
  const { contents, registry, wakeups, clock, settings } = services;
  const requests = createBudget(settings.subrequests);
  const by = { teamId: visit.session.teamId, name: visit.session.name, now };
  await comparePush({ store: contents, reader: registry, requests, wakeups, clock }, by, key);
  return seeOther(c, `${pushAddress(key)}#h-diff`);
}

function Crumbs({ page: { push } }: { readonly page: PushPage }): JSX.Element {
  return (
    <nav class="crumbs" aria-label="Breadcrumb">
      <ol>
        <li>
          <a href="/repositories">Repositories</a>
        </li>
        <li>
          <a href={repositoryAddress(push.image)}>{push.image}</a>
        </li>
        {push.tag === '' ? null : (
          <li>
            <a href={tagAddress(push.image, push.tag)}>{push.tag}</a>
          </li>
        )}
        <li>{`Push ${push.repository}-${push.seq}`}</li>
      </ol>
    </nav>
  );
}

/** The tag's pushes before and after, and where else this very image is. */
function Others({ page, now }: TopProps): JSX.Element {
  const { push, previous, next, sameDigest, tag } = page;
  const { repository } = push;
  const isLatest = tag?.pushSeq === push.seq;
  const shown = sameDigest.slice(0, 20);
  const briefs: readonly (readonly [string, PushBrief])[] = [
    ...(next === null ? [] : [['Next of this tag', next] as const]),
    ...(previous === null ? [] : [['Before, of this tag', previous] as const]),
    ...shown.map((each) => ['The same digest', each] as const),
  ];
  return (
    <section aria-labelledby="h-others">
      <div class="head">
        <h2 id="h-others">Around this push</h2>
        <p>
          {isLatest ? 'The latest push of this tag. ' : ''}
          {sameDigest.length > shown.length ? 'More pushes than these have this digest. ' : ''}
          {push.digest === null ? null : <a href={digestAddress(push.digest)}>Everywhere that this digest is</a>}
        </p>
      </div>
      <Rows
        caption="Pushes around this one"
        columns={[{ label: 'Tag' }, { label: 'Verdict', kind: 'verdict' }, { label: 'What it is' }, { label: 'When' }]}
        rows={briefs.map(([what, brief]) => ({
          isRogue: brief.verdict === 'rogue',
          cells: [
            <a href={pushAddress({ repository, seq: brief.seq })}>{brief.tag === '' ? 'no tag' : brief.tag}</a>,
            brief.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={brief.verdict} />,
            what,
            <When at={brief.receivedAt} now={now} />,
          ],
        }))}
        none="Nothing was pushed to this tag before or after that we know of, and no other tag of this image has this digest."
      />
    </section>
  );
}

function Raw({ page }: { readonly page: PushPage }): JSX.Element {
  const { push, deliveries } = page;
  const signatures = keptSignatures(page);
  const { signatures: _, ...evidence } = push.evidence ?? { signatures: null };
  const raw = JSON.stringify({ ...evidence, attribution: push.attribution, deliveries, signatures }, null, 1);
  const id = `${push.repository}-${push.seq}`;
  return (
    <section aria-labelledby="h-raw">
      <div class="head">
        <h2 id="h-raw">Raw</h2>
        <p>
          <a href={`${pushAddress(push)}.json`}>All of it as JSON</a>, as the API has it under{' '}
          <code>{`/api/v1/pushes/${id}`}</code>
        </p>
      </div>
      <details class="panel pad">
        <summary>Evidence as it is kept{raw.length > RAW_SHOWN ? ', its beginning' : ''}</summary>
        <pre class="cmd">{raw.slice(0, RAW_SHOWN)}</pre>
      </details>
    </section>
  );
}

export const pushPages: readonly PageRoute[] = [
  { method: 'get', path: '/p/:id', right: 'see', run: pushPage },
  { method: 'post', path: '/p/:id/compare', right: 'handle-alerts', run: compareForm },
];
