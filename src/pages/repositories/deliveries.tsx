import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatImageName } from '../../domain/reference.ts';
import type { DeliveryRecord } from '../../store/delivery-rows.ts';
import { notHere, type PageInput } from '../page.ts';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { imageOf } from './address.ts';
import { Heard, ImageFrame } from './frame.tsx';

const OUTCOMES: Readonly<Record<DeliveryRecord['outcome'], string>> = {
  recorded: 'Recorded',
  noted: 'Tells of no push',
  'not-understood': 'Not understood',
  unwatched: 'Of an image nobody watches',
};

/** What webhooks told of an image, and what became of it. */
export async function deliveriesPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const page = await services.repositoryPages.deliveries(visit.session.teamId, imageOf(c), now);
  if (page === null) throw notHere();
  const { repository, webhook, deliveries } = page;
  const image = formatImageName(repository.image);
  const main = (
    <>
      <ImageFrame repository={repository} at="deliveries" now={now} />
      <Heard repository={repository} webhook={webhook} now={now} />
      <section aria-labelledby="h-deliveries">
        <div class="head">
          <h2 id="h-deliveries">Deliveries</h2>
          <p>The last 50, of 30 days at most</p>
        </div>
        <Rows
          caption="Deliveries"
          columns={[
            { label: 'Event' },
            { label: 'Outcome', kind: 'verdict' },
            { label: 'Received' },
            { label: 'Times', kind: 'number' },
            { label: 'Problem' },
            { label: 'Sent by', kind: 'wide' },
          ]}
          rows={deliveries.map((delivery) => ({
            cells: [
              <>
                {delivery.event === '' ? 'no event named' : delivery.event}
                {delivery.repository === null ? <small>names no image</small> : null}
              </>,
              <Outcome outcome={delivery.outcome} />,
              <When at={delivery.receivedAt} now={now} />,
              String(delivery.repeats + 1),
              delivery.problem ?? '',
              delivery.userAgent,
            ],
          }))}
          none="No webhook has told of this image among its last pushes. If it was pushed since it is watched, look at the webhook’s settings at the registry: our own sweep finds such pushes, but later."
        />
      </section>
    </>
  );
  return show(c, { title: `Deliveries of ${image}`, at: '/repositories', main });
}

const Outcome = ({ outcome }: { readonly outcome: DeliveryRecord['outcome'] }): JSX.Element =>
  outcome === 'not-understood' ? (
    <VerdictBadge verdict="undetermined" word={OUTCOMES[outcome]} />
  ) : (
    <PlainBadge word={OUTCOMES[outcome]} />
  );
