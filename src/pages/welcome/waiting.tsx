import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatImageName } from '../../domain/reference.ts';
import type { FirstSteps } from '../../store/first-steps.ts';
import { sendTestAlert } from '../../usecases/test-alert.ts';
import { repositoryAddress } from '../addresses.ts';
import { handlerOf, idOf, notHere, type PageInput, PageProblem } from '../page.ts';
import { Notice } from '../parts/banner.tsx';
import { PostForm } from '../parts/form.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { seeOther, show } from '../show.tsx';
import { WelcomeSteps } from './ask.tsx';
import { ConnectSlack } from './slack.tsx';

/** Seconds between looks. Long enough to read the page in, and it can be stopped. */
const LOOK_AGAIN = 10;
const TEST = /^test-[0-9a-f-]{36}$/;

/** Steps 3 and 4 once the secret was shown: what has arrived, and whether the alarm reaches anybody. */
export async function waitingPage(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const id = idOf(c.req.param('id'));
  const event = c.req.query('test') ?? '';
  const steps = await services.firstSteps.read(visit.session.teamId, id, TEST.test(event) ? event : null);
  if (steps === null) throw notHere();
  const waits = steps.delivery === null || (steps.test !== null && !isOver(steps.test));
  // Somebody who types is not interrupted.
  const refreshes = waits && steps.channel !== null && c.req.query('look') !== 'once';
  // The header does what `<meta http-equiv=refresh>` does, and there is a link that stops it.
  if (refreshes) c.header('refresh', String(LOOK_AGAIN));
  const { image } = steps;
  const name = formatImageName(image.image);
  const main = (
    <>
      <WelcomeSteps at={steps.delivery === null ? 3 : 4} />
      <div class="slim stack">
        <h1>{name}</h1>
        {c.req.query('done') === 'already' ? <Notice text="You watch this image already." isProblem={false} /> : null}
        <Delivery input={input} steps={steps} />
        <Test input={input} steps={steps} />
        <Looking id={id} waits={waits} refreshes={refreshes} test={steps.test === null ? '' : event} />
        <p>
          <a href={repositoryAddress(name)}>Go to the image</a>
        </p>
      </div>
    </>
  );
  return show(c, { title: `First steps of ${name}`, at: '/repositories', main });
}

const isOver = ({ sentAt, failed }: NonNullable<FirstSteps['test']>): boolean => sentAt !== null || failed !== null;

interface LookingProps {
  readonly id: number;
  readonly waits: boolean;
  readonly refreshes: boolean;
  readonly test: string;
}

function Looking({ id, waits, refreshes, test }: LookingProps): JSX.Element | null {
  if (!waits) return null;
  const query = test === '' ? '' : `test=${test}`;
  return refreshes ? (
    <p class="small muted">
      This page looks again every {LOOK_AGAIN} seconds. <a href={`/welcome/${id}?${query}&look=once`}>Stop that</a>. You
      can close it, too.
    </p>
  ) : (
    <p class="small muted">
      <a href={`/welcome/${id}${query === '' ? '' : `?${query}`}`}>Look again</a>
    </p>
  );
}

interface Props {
  readonly input: PageInput;
  readonly steps: FirstSteps;
}

function Delivery({ input, steps }: Props): JSX.Element {
  const { now, visit } = input;
  const { image, delivery } = steps;
  return (
    <section aria-labelledby="h-delivery">
      <div class="head">
        <h2 id="h-delivery">The webhook</h2>
        {delivery === null ? (
          <VerdictBadge verdict="pending" word="No delivery yet" />
        ) : delivery.problem === null ? (
          <VerdictBadge verdict="trusted" word="Received" />
        ) : (
          <PlainBadge word="Received, not understood" />
        )}
      </div>
      <div class="panel pad stack">
        {delivery === null ? (
          <>
            <p>
              We wait for the first delivery: GitHub sends one at once, other registries with the next push. Until then
              sweeps find what is pushed, later.
            </p>
            <p class="small muted">
              {image.baselineAt === null
                ? 'The tags that are there are being read. What is there raises no alarm.'
                : 'The tags that are there have been read. They raise no alarm.'}
            </p>
          </>
        ) : (
          <>
            <p>
              A delivery came <When at={delivery.receivedAt} now={now} /> ({delivery.event || 'without a name'}).
            </p>
            {delivery.problem === null ? null : (
              <p>
                It was genuine and we did not understand it: {delivery.problem}. Look at which events the webhook sends.
              </p>
            )}
          </>
        )}
        <details>
          <summary>The address or the secret is lost, or got about</summary>
          <PostForm action={`/welcome/${image.id}/secret`} csrf={visit.csrf} class="stack">
            <p class="small">It cannot be shown again. A new one is made; the old one goes on working for an hour.</p>
            <button type="submit" class="btn">
              Make a new secret
            </button>
          </PostForm>
        </details>
      </div>
    </section>
  );
}

function Test({ input, steps }: Props): JSX.Element {
  const { visit, now } = input;
  const { image, channel, test } = steps;
  if (channel === null) return <ConnectSlack id={image.id} csrf={visit.csrf} />;
  return (
    <section aria-labelledby="h-test">
      <div class="head">
        <h2 id="h-test">A test alert</h2>
        {test === null ? null : test.sentAt !== null ? (
          <VerdictBadge verdict="trusted" word="Sent" />
        ) : (
          <PlainBadge word={test.failed === null ? 'Being sent' : 'Not sent'} />
        )}
      </div>
      <div class="panel pad stack">
        {channel.refused === null ? null : (
          <p role="alert">
            {channel.name} refuses messages: {channel.refused}. <a href="/settings/channels">Change the channel</a>.
          </p>
        )}
        {test !== null && test.sentAt !== null ? (
          <p>
            {channel.name} took it <When at={test.sentAt} now={now} />. If you see it there, an alert will reach you
            too.
          </p>
        ) : test !== null && test.failed !== null ? (
          <p role="alert">It could not be sent: {test.failed}.</p>
        ) : (
          <p>See the alarm work before you need it. It says that it is a test, and goes to {channel.name}.</p>
        )}
        <PostForm action={`/welcome/${image.id}/test`} csrf={visit.csrf}>
          <button type="submit" class={test === null ? 'btn main' : 'btn'}>
            Send a test alert
          </button>
        </PostForm>
      </div>
    </section>
  );
}

export async function testForm(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const record = await services.repositories.get(visit.session.teamId, idOf(c.req.param('id')));
  if (record === null) throw notHere();
  const sent = await sendTestAlert(services, handlerOf(input), record);
  if (sent.is === 'no-channel')
    throw new PageProblem(409, 'There is no channel for this image yet. Connect one first.');
  if (sent.is === 'refused')
    throw new PageProblem(409, `The channel "${sent.channel}" refuses messages: ${sent.reason}. Change it first.`);
  return seeOther(c, `/welcome/${record.id}?test=${sent.event}`);
}
