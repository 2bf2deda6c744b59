import { matchesGlob } from '../../domain/glob.ts';
import { formatImageName, type ImageName, InvalidReference } from '../../domain/reference.ts';
import { typedImage } from '../../domain/typed-image.ts';
import { readTags } from '../../jobs/scheduled.ts';
import { completePolicy, type DraftPolicy } from '../../usecases/complete-policy.ts';
import {
  DEFAULT_CHOICES,
  NO_OFFER,
  offeredSigners,
  offerOf,
  seenAccounts,
  suggestedChoices,
  VERSION_TAGS,
} from '../../usecases/policy-choices.ts';
import { type FirstLook, firstLook } from '../../usecases/propose-policy.ts';
import { notConfigured, registerImage } from '../../usecases/register-image.ts';
import { replayTag } from '../../usecases/replay-policy.ts';
import { createBudget } from '../../usecases/request-budget.ts';
import { handlerOf, type PageInput, PageProblem } from '../page.ts';
import { Notice } from '../parts/banner.tsx';
import { seeOther, show } from '../show.tsx';
import { AskPage, Then, WelcomeSteps } from './ask.tsx';
import { type Chosen, readChoices, readPolicy } from './choice-form.ts';
import { ProposalForm, type Seen } from './proposal-form.tsx';
import { Aside, type Replayed, ReplayedTags } from './replay.tsx';
import { showWebhook } from './webhook.tsx';

/** Step 1, or step 2 once an image is named. Reads the registry; keeps nothing. */
export async function welcomePage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const typed = (c.req.query('image') ?? '').slice(0, 1024);
  if (typed.trim() === '') return ask(input, '', null);
  const image = imageOf(typed);
  if (typeof image === 'string') return ask(input, typed, { status: 400, problem: image });
  if (!services.settings.registries.has(image.registry))
    return ask(input, typed, { status: 400, problem: sentence(notConfigured(image.registry)) });
  const { teamId } = visit.session;
  const watched = await services.repositories.byImage(teamId, image);
  if (watched !== null) return seeOther(c, `/welcome/${watched.id}`);
  const look = await lookAt(input, image);
  if ('state' in look) {
    if (look.state === 'absent') return ask(input, typed, { status: 404, problem: absent(image) });
    return unread(input, image, look.reason);
  }
  const chosen = { offer: offerOf(look, now), choices: suggestedChoices(look, now) };
  return propose(input, image, chosen, { look, notice: null, status: 200 });
}

const lookAt = ({ services, visit, now }: PageInput, image: ImageName) =>
  firstLook(services, {
    teamId: visit.session.teamId,
    image,
    requests: createBudget(services.settings.subrequests),
    now,
  });

/** What is meant, or what is wrong with what was typed. */
function imageOf(text: string): ImageName | string {
  try {
    return typedImage(text);
  } catch (error) {
    if (error instanceof InvalidReference) return error.message;
    throw error;
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const absent = (image: ImageName): string =>
  `${image.registry} shows us no ${formatImageName(image)}: it is not there, has no tags, or is private. Look at the spelling. For a private image give this installation a login that may read it (REGISTRY_CREDENTIALS, docs/configuration.md).`;

function ask(
  { c }: PageInput,
  typed: string,
  wrong: { readonly status: 400 | 404; readonly problem: string } | null,
): Response {
  const main = (
    <AskPage
      heading={wrong === null ? 'Which image shall we watch?' : 'We cannot look at that'}
      typed={typed}
      {...(wrong === null ? {} : { problem: wrong.problem })}
    >
      <Then />
    </AskPage>
  );
  return show(c, { title: 'Watch an image', at: '/repositories', main }, wrong?.status ?? 200);
}

/** The registry does not answer: what was typed stays, and watching does not depend on a first look. */
function unread(input: PageInput, image: ImageName, reason: string): Promise<Response> {
  const problem = `We could not look at ${formatImageName(image)}: ${reason}. Try again, or set the policy without a proposal: whatever is there is read as soon as the registry answers.`;
  const chosen = { offer: NO_OFFER, choices: DEFAULT_CHOICES };
  return propose(input, image, chosen, { look: null, notice: problem, status: 503 });
}

interface Shown {
  /** `null`: nothing was read, or not again. */
  readonly look: FirstLook | null;
  readonly notice: string | null;
  readonly status: 200 | 400 | 503;
}

/** Step 2: what is proposed or was chosen, and beside it what it would have said. */
async function propose(input: PageInput, image: ImageName, chosen: Chosen, shown: Shown): Promise<Response> {
  const { c, visit, now } = input;
  const { look, notice, status } = shown;
  const replayed = look === null ? null : await replay(input, chosen, look);
  const seen = look === null ? null : seenOf(look, now);
  const name = formatImageName(image);
  const main = (
    <>
      <WelcomeSteps at={2} />
      <div class="top">
        <h1>
          Watch{' '}
          <span class="name">
            <span class="reg">{image.registry}/</span>
            {image.path}
          </span>
        </h1>
        <p>Step 2 of 4, about two minutes</p>
      </div>
      {notice === null ? null : <Notice text={notice} isProblem />}
      {look === null ? (
        <p class="gap">
          <a class="btn" href={`/welcome?image=${encodeURIComponent(name)}`}>
            Look at it again
          </a>
        </p>
      ) : (
        <p>
          We read {look.suggested.tags.length} of its last tags. Nothing is trusted until you say so, and nothing that
          exists today raises an alarm.
        </p>
      )}
      <ProposalForm
        {...chosen}
        image={image}
        seen={seen}
        csrf={visit.csrf}
        now={now}
        aside={<Aside replayed={replayed} problem={null} />}
      />
      {replayed === null ? null : <ReplayedTags {...replayed} />}
      {seen === null || seen.notes.length === 0 ? null : (
        <section class="slim" aria-labelledby="h-notes">
          <div class="head">
            <h2 id="h-notes">Why it is as it is</h2>
          </div>
          <ul class="panel pad stack small">
            {seen.notes.map((note) => (
              <li>{note}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
  return show(c, { title: `Watch ${name}`, at: '/repositories', main }, status);
}

function seenOf(look: FirstLook, now: number): Seen {
  const { tags, notes } = look.suggested;
  return {
    accounts: seenAccounts(look.updates, now),
    signed: offeredSigners(look).map((signer) => signer.tags.length),
    read: tags.length,
    versions: tags.filter(({ tag }) => matchesGlob(VERSION_TAGS, tag)).length,
    notes: [
      ...(look.updates.state === 'unavailable' ? [`Who pushed could not be read: ${look.updates.reason}.`] : []),
      ...notes,
    ],
  };
}

/** `null`: the policy cannot be held against anything, as it is none. */
async function replay({ services, visit, now }: PageInput, chosen: Chosen, look: FirstLook): Promise<Replayed | null> {
  const read = readPolicy(chosen);
  if (read.draft === undefined) return null;
  const completed = await completePolicy(services, read.draft, visit.session.teamId, now);
  if ('problems' in completed) return null;
  const { updates, suggested } = look;
  const known = updates.state === 'present' ? new Map(updates.value.map((update) => [update.tag, update])) : new Map();
  return {
    tags: suggested.tags.map((tag) => replayTag(completed.policy, tag, known.get(tag.tag) ?? null, now)),
    unread: suggested.unread,
    order: suggested.order,
    knowsPushers: known.size > 0,
  };
}

/** "Use this policy", or "Replay with changes". What was chosen is never lost. */
export async function welcomeForm(input: PageInput): Promise<Response> {
  const { services, form } = input;
  const image = imageOf(form.get('image') ?? '');
  if (typeof image === 'string') throw new PageProblem(400, image);
  if (!services.settings.registries.has(image.registry))
    throw new PageProblem(400, sentence(notConfigured(image.registry)));
  const chosen = readChoices(form);
  const policy = readPolicy(chosen);
  if (policy.draft === undefined)
    return propose(input, image, chosen, { look: null, notice: wrong(policy.problems), status: 400 });
  return form.get('do') === 'replay'
    ? replayChanges(input, image, chosen)
    : register(input, image, chosen, policy.draft);
}

const wrong = (problems: readonly string[]): string => `Nothing is watched yet. ${problems.join('; ')}.`;

async function replayChanges(input: PageInput, image: ImageName, chosen: Chosen): Promise<Response> {
  const look = await lookAt(input, image);
  if (!('state' in look)) return propose(input, image, chosen, { look, notice: null, status: 200 });
  const reason = look.state === 'absent' ? 'the registry shows it to us no more' : look.reason;
  const notice = `It could not be replayed: ${reason}. What you chose is below as it was.`;
  return propose(input, image, chosen, { look: null, notice, status: 503 });
}

async function register(input: PageInput, image: ImageName, chosen: Chosen, policy: DraftPolicy): Promise<Response> {
  const { c, services, visit } = input;
  const wanted = { image, policy, channel: null, hook: null, provider: null };
  const done = await registerImage(services, handlerOf(input), wanted);
  const { teamId } = visit.session;
  switch (done.is) {
    case 'refused': {
      const problems = done.problems.map(({ field, problem }) => `${field}: ${problem}`);
      return propose(input, image, chosen, { look: null, notice: wrong(problems), status: 400 });
    }
    case 'watched-already': {
      // The form was sent twice, or somebody was faster. The secret is not shown again.
      const watched = await services.repositories.byImage(teamId, image);
      return seeOther(c, watched === null ? '/' : `/welcome/${watched.id}?done=already`);
    }
    case 'registered': {
      c.executionCtx.waitUntil(readTags(services, done.id));
      const record = await services.repositories.get(teamId, done.id);
      if (record === null) throw new PageProblem(409, 'Somebody has just stopped watching it.');
      return showWebhook(input, record, { secret: done.secret, oldUntil: null });
    }
  }
}
