import type { JSX } from 'hono/jsx/jsx-runtime';
import { isBlinding } from '../../domain/health.ts';
import type { Frame } from '../../store/sessions.ts';
import { SCRIPT_ASSET, STYLE } from '../assets.ts';
import type { PageContent, Visit } from '../page.ts';
import { duration } from '../time.ts';
import { PostForm } from './form.tsx';
import { Icon } from './icon.tsx';
import { When } from './when.tsx';

/** Entries of the navigation, in order. */
const NAVIGATION = [
  ['/', 'Overview'],
  ['/alerts', 'Alerts'],
  ['/repositories', 'Repositories'],
  ['/credentials', 'Credentials'],
  ['/settings', 'Settings'],
] as const;

interface Props {
  readonly content: PageContent;
  /** `null`: nobody is signed in, and nothing is said of what is watched. */
  readonly visit: Visit | null;
  readonly now: number;
}

/** Every page: header, what the page is about, footer. */
export function Shell({ content, visit, now }: Props): JSX.Element {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${content.title} · Pushwarden`}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={STYLE.path} />
        <script src={SCRIPT_ASSET.path} defer />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <Header visit={visit} at={content.at} now={now} />
        <main id="main">{content.main}</main>
        <Footer visit={visit} now={now} />
      </body>
    </html>
  );
}

interface HeaderProps {
  readonly visit: Visit | null;
  readonly at: string | undefined;
  readonly now: number;
}

function Header({ visit, at, now }: HeaderProps): JSX.Element {
  return (
    <header class="bar">
      <div>
        <a class="brand" href="/">
          <Icon name="brand" />
          Pushwarden
        </a>
        {visit === null ? null : (
          <>
            <nav class="nav" aria-label="Main">
              <ul>
                {NAVIGATION.map(([href, label]) => (
                  <li>
                    <a href={href} {...(href === at ? { 'aria-current': 'page' } : {})}>
                      {label}
                      {href === '/alerts' ? <OpenAlerts count={visit.session.frame.openAlerts} /> : null}
                    </a>
                  </li>
                ))}
              </ul>
            </nav>
            <SearchBox id="q" />
            <Watch frame={visit.session.frame} now={now} />
            <a class="findlink" href="/search">
              <Icon name="find" />
              Find
            </a>
          </>
        )}
      </div>
    </header>
  );
}

function OpenAlerts({ count }: { readonly count: number }): JSX.Element | null {
  if (count === 0) return null;
  return (
    <>
      {' '}
      <span class="n">
        {count > 99 ? '99+' : count}
        <span class="vh"> open</span>
      </span>
    </>
  );
}

export function SearchBox({ id, value = '' }: { readonly id: string; readonly value?: string }): JSX.Element {
  return (
    <search class="find">
      <form action="/search">
        <label class="vh" for={id}>
          Find a digest, tag, image or alert
        </label>
        <input id={id} name="q" type="search" placeholder="Digest, tag, image…" value={value} />
      </form>
    </search>
  );
}

/** Whether we see: silence must prove itself on every page. */
function Watch({ frame, now }: { readonly frame: Frame; readonly now: number }): JSX.Element {
  const blind = frame.troubles.filter(isBlinding).length;
  const swept = frame.sweptAt === null ? null : <span class="wide"> · swept {duration(now - frame.sweptAt)} ago</span>;
  if (blind > 0) {
    return (
      <a class="watch is-blind" href="/health">
        <Icon name="blind" />
        <span>
          {blind === 1 ? '1 source' : `${blind} sources`} blind{swept}
        </span>
      </a>
    );
  }
  const words = frame.watched === 0 ? 'Nothing watched' : 'Watching';
  const more = frame.troubles.length === 0 ? null : `, ${frame.troubles.length} to look at`;
  return (
    <a class="watch" href="/health">
      <Icon name="eye" />
      <span>
        {words}
        {more}
        {swept}
      </span>
    </a>
  );
}

function Footer({ visit, now }: { readonly visit: Visit | null; readonly now: number }): JSX.Element {
  return (
    <footer class="foot">
      <span>All times are UTC.</span>
      <span>
        Page made <When at={now} now={now} form="full" />
      </span>
      {visit === null ? null : (
        <>
          <span>
            {visit.session.name} ({visit.session.role}) in team {visit.session.team}
          </span>
          <PostForm action="/signout" csrf={visit.csrf} class="inline">
            <button type="submit" class="btn low">
              Sign out
            </button>
          </PostForm>
        </>
      )}
    </footer>
  );
}
