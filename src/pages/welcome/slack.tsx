import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../../domain/person.ts';
import { addChannel } from '../../http/api/channels.ts';
import { Problem } from '../../http/problem.ts';
import { newChannel } from '../../http/schemas/channels.ts';
import { sendTestAlert } from '../../usecases/test-alert.ts';
import { handlerOf, idOf, notHere, type PageInput, PageProblem } from '../page.ts';
import { Field, PostForm } from '../parts/form.tsx';
import { seeOther } from '../show.tsx';

const NAME = 'slack';

/** What a channel needs and why, before anything is typed. Tokens are encrypted and never shown again. */
export function ConnectSlack({ id, csrf }: { readonly id: number; readonly csrf: string }): JSX.Element {
  const action = `/welcome/${id}/channel`;
  return (
    <section aria-labelledby="h-slack">
      <div class="head">
        <h2 id="h-slack">Where alerts go</h2>
        <p>There is no channel yet: alerts would reach nobody</p>
      </div>
      <PostForm action={action} csrf={csrf} class="panel pad stack">
        <h3>Slack, by an incoming webhook</h3>
        <p class="small muted">
          It can post to one channel and nothing else. Messages cannot be brought up to date: later news are messages of
          their own.
        </p>
        <Field
          id="slack-url"
          label="Webhook address"
          hint="At api.slack.com/apps: your app, Incoming Webhooks, Add New Webhook to Workspace."
        >
          <input
            id="slack-url"
            name="url"
            type="url"
            maxlength={500}
            required
            autocomplete="off"
            placeholder="https://hooks.slack.com/services/T…/B…/…"
            aria-describedby="slack-url-hint"
          />
        </Field>
        <button type="submit" class="btn main">
          Connect and send a test alert
        </button>
        <input type="hidden" name="kind" value="slack-webhook" />
      </PostForm>
      <details class="gap">
        <summary>Or as a bot, which keeps its messages up to date</summary>
        <PostForm action={action} csrf={csrf} class="panel pad stack">
          <p class="small">
            The app needs one scope: <code>chat:write</code>, to post, change its own messages and write threads. It
            reads nothing. Invite it to the channel with <code>/invite</code>; with <code>chat:write.public</code> it
            can post in public channels uninvited.
          </p>
          <Field
            id="slack-token"
            label="Bot token"
            hint="At api.slack.com/apps: your app, OAuth &amp; Permissions. Begins with xoxb-."
          >
            <input
              id="slack-token"
              name="token"
              type="password"
              minlength={8}
              maxlength={500}
              required
              autocomplete="off"
              aria-describedby="slack-token-hint"
            />
          </Field>
          <Field id="slack-channel" label="Channel" hint="Its id (C…) or its name.">
            <input
              id="slack-channel"
              name="channel"
              maxlength={100}
              required
              autocomplete="off"
              aria-describedby="slack-channel-hint"
            />
          </Field>
          <button type="submit" class="btn">
            Connect the bot and send a test alert
          </button>
          <input type="hidden" name="kind" value="slack-bot" />
        </PostForm>
      </details>
      <p class="small muted gap">
        Buttons in messages need a signing secret, and Discord, Teams, e-mail and others are there too:{' '}
        <a href="/settings/channels">Channels</a>.
      </p>
    </section>
  );
}

/** Whoever may watch an image may give a team its first channel. Where alerts go from then on is for owners to say. */
async function mayBeFirst({ services, visit }: PageInput): Promise<void> {
  const { role, teamId } = visit.session;
  if (may(role, 'manage-team')) return;
  if ((await services.channels.list(teamId)).length > 0)
    throw new PageProblem(403, 'Your team has a channel already. Ask an owner of your team to change where alerts go.');
}

/** Adds the team's first channel and shows that it works. */
export async function channelForm(input: PageInput): Promise<Response> {
  const { c, services, visit, form } = input;
  const record = await services.repositories.get(visit.session.teamId, idOf(c.req.param('id')));
  if (record === null) throw notHere();
  await mayBeFirst(input);
  const body = newChannel.safeParse({ ...Object.fromEntries(form), name: NAME, default: true });
  // What was typed is a secret: it is not shown again.
  if (!body.success)
    throw new PageProblem(
      400,
      body.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    );
  const by = handlerOf(input);
  try {
    await addChannel({ body: body.data, caller: by, services, now: input.now });
  } catch (error) {
    // As the API answers it, in words for people; 400 or 409.
    if (error instanceof Problem) throw new PageProblem(error.status === 409 ? 409 : 400, error.detail);
    throw error;
  }
  const sent = await sendTestAlert(services, by, record);
  return seeOther(c, sent.is === 'sending' ? `/welcome/${record.id}?test=${sent.event}` : `/welcome/${record.id}`);
}
