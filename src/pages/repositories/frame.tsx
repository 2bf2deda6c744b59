import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatImageName } from '../../domain/reference.ts';
import type { RepositoryRecord } from '../../store/repositories.ts';
import type { Webhook } from '../../store/repository-pages.ts';
import { repositoryAddress } from '../addresses.ts';
import { When } from '../parts/when.tsx';

const TABS = [
  ['pushes', 'Pushes and tags'],
  ['policy', 'Policy'],
  ['deliveries', 'Deliveries'],
] as const;

export type Tab = (typeof TABS)[number][0];

interface FrameProps {
  readonly repository: RepositoryRecord;
  readonly at: Tab;
  readonly now: number;
}

/** Where one is: the image, and its pages. */
export function ImageFrame({ repository, at, now }: FrameProps): JSX.Element {
  const { registry, path } = repository.image;
  const address = repositoryAddress(formatImageName(repository.image));
  return (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/repositories">Repositories</a>
          </li>
          <li>{registry}</li>
        </ol>
      </nav>
      <div class="top">
        <h1 class="name">
          <span class="reg">{registry}/</span>
          {path}
        </h1>
        <p>
          <Swept repository={repository} now={now} />
        </p>
      </div>
      <nav class="tabs" aria-label="This image">
        <ul>
          {TABS.map(([tab, label]) => (
            <li>
              <a href={tab === 'pushes' ? address : `?view=${tab}`} {...(tab === at ? { 'aria-current': 'page' } : {})}>
                {label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}

export function Swept({ repository, now }: { readonly repository: SweptImage; readonly now: number }): JSX.Element {
  const { baselineAt, sweptAt, sweepFailures } = repository;
  if (sweepFailures > 0)
    return <>{sweepFailures === 1 ? 'Last sweep failed' : `Sweeps failed ${sweepFailures} times in a row`}</>;
  if (baselineAt === null) return <>Being read for the first time</>;
  return sweptAt === null ? (
    <>Not swept yet</>
  ) : (
    <>
      Swept <When at={sweptAt} now={now} form="age" />
    </>
  );
}

type SweptImage = Pick<RepositoryRecord, 'baselineAt' | 'sweptAt' | 'sweepFailures'>;

const PROVIDERS = { dockerhub: 'Docker Hub', github: 'GitHub', distribution: 'the registry itself' } as const;

interface HeardProps {
  readonly repository: RepositoryRecord;
  readonly webhook: Webhook;
  readonly now: number;
}

/** How pushes of the image come to us, and whether they did. */
export function Heard({ repository, webhook, now }: HeardProps): JSX.Element {
  const { missedWebhooks: missed } = repository;
  const facts: readonly (readonly [string, Child])[] = [
    ['Webhook', `of ${PROVIDERS[repository.provider]}`],
    [
      'Its address',
      webhook.since === null ? (
        'none works'
      ) : (
        <>
          works since <When at={webhook.since} now={now} form="time" />
          {webhook.oldUntil === null ? null : (
            <>
              ; the one before works until <When at={webhook.oldUntil} now={now} form="time" />
            </>
          )}
        </>
      ),
    ],
    [
      'Last push it told',
      webhook.lastAt === null ? 'none among the last pushes' : <When at={webhook.lastAt} now={now} />,
    ],
    [
      'Pushes it did not tell',
      missed === 0 ? 'none since then' : `${missed} in a row, found by our own sweep. Look at the webhook’s settings.`,
    ],
    ['Alerts go to', repository.channel ?? 'the team’s channel'],
  ];
  return (
    <section aria-labelledby="h-heard">
      <div class="head">
        <h2 id="h-heard">How we hear of pushes</h2>
      </div>
      <dl class="panel pad facts">
        {facts.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}
