import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatImageName } from '../../domain/reference.ts';
import { webhookAddress } from '../../domain/webhook-address.ts';
import { hookCacheOf } from '../../http/hook-cache.ts';
import { type WebhookStep, webhookSteps } from '../../notify/webhook-steps.ts';
import type { RepositoryRecord } from '../../store/repositories.ts';
import { rotateHook } from '../../usecases/rotate-hook.ts';
import { handlerOf, idOf, notHere, type PageInput } from '../page.ts';
import { Copy } from '../parts/digest.tsx';
import { show } from '../show.tsx';
import { shownTime } from '../time.ts';
import { WelcomeSteps } from './ask.tsx';

/** How long an old secret goes on working: time enough to put the new one in. */
const OVERLAP_MINUTES = 60;

interface Issued {
  /** `null`: another image's webhook tells of this one too. */
  readonly secret: string | null;
  /** Until when the secrets before it work; `null`: there are none. */
  readonly oldUntil: number | null;
}

/** Step 3. It is an answer to a form, so that no address shows the secret: looked at again, it is gone. */
export function showWebhook(input: PageInput, record: RepositoryRecord, { secret, oldUntil }: Issued): Response {
  const { c, services, now } = input;
  const { image, hook, provider } = record;
  const base = services.settings.publicUrl || new URL(c.req.url).origin;
  const url = webhookAddress(base, provider, hook.publicId, secret);
  const steps = url === null ? [] : webhookSteps(provider, image.path, url, secret);
  const main = (
    <>
      <WelcomeSteps at={3} />
      <div class="slim stack">
        <h1>
          {oldUntil === null ? 'Watched. Now let the registry tell us' : 'A new secret'}: {formatImageName(image)}
        </h1>
        <p>
          {provider === 'github' ? 'The secret is' : 'This address is a secret, and it is'} shown this once: put it in
          now.
          {oldUntil === null ? '' : ` The one before works until ${shownTime(oldUntil, now)}.`} If it is lost, make
          another.
        </p>
        {isOnlyHere(base) ? (
          <p class="banner plain" role="note">
            This installation answers at {base}, which a registry on the internet does not reach. Sweeps find pushes all
            the same; a tunnel and PUBLIC_URL make webhooks work.
          </p>
        ) : null}
        <ol class="panel pad steps">
          {steps.map((step) => (
            <Step step={step} />
          ))}
        </ol>
        <p>
          <a class="btn main" href={`/welcome/${record.id}`}>
            It is put in: wait for the first delivery
          </a>
        </p>
      </div>
    </>
  );
  return show(c, { title: 'Webhook', at: '/repositories', main });
}

const isOnlyHere = (base: string): boolean => /^https?:\/\/(?:127\.|localhost|\[::1\])/.test(base);

function Step({ step: { text, link, copy, rest } }: { readonly step: WebhookStep }): JSX.Element {
  return (
    <li>
      <p>
        {text}{' '}
        {link === undefined ? null : (
          <a href={link} rel="noreferrer">
            {link}
          </a>
        )}{' '}
        {rest}
      </p>
      {copy === undefined ? null : (
        <>
          <pre class="cmd">{copy.text}</pre>
          <p class="gap">
            <Copy text={copy.text} label={`Copy ${copy.what}`} />
          </p>
        </>
      )}
    </li>
  );
}

/** Another secret, for one that was lost or got about. */
export async function rotateForm(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const record = await services.repositories.get(visit.session.teamId, idOf(c.req.param('id')));
  if (record === null) throw notHere();
  const rotated = await rotateHook(services, handlerOf(input), record, OVERLAP_MINUTES);
  hookCacheOf(services).clear();
  return showWebhook(input, record, rotated);
}
