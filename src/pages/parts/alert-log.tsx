import type { JSX } from 'hono/jsx/jsx-runtime';
import type { AlertRecord } from '../../store/inbox.ts';
import { When } from './when.tsx';

/** A message sent about an alert. */
export interface Message {
  readonly event: string;
  readonly createdAt: number;
  readonly sentAt: number | null;
  readonly failed: string | null;
}

interface Entry {
  readonly at: number;
  readonly text: string;
}

interface Props {
  readonly alert: AlertRecord;
  readonly messages: readonly Message[];
  readonly now: number;
  /** What came before the alert. */
  readonly first: Entry;
}

export function AlertLog({ alert, messages, now, first }: Props): JSX.Element {
  const told = messages.map(({ event, createdAt, sentAt, failed }): Entry => {
    const what = event.replace(/^alert-\d+-/, '').replaceAll('-', ' ');
    return sentAt === null
      ? {
          at: createdAt,
          text:
            failed === null ? `Message (${what}) waits to be sent` : `Message (${what}) could not be sent: ${failed}`,
        }
      : { at: sentAt, text: `Message sent (${what})` };
  });
  const entries: Entry[] = [
    first,
    { at: alert.openedAt, text: 'Alert opened' },
    ...(alert.acknowledgedAt === null ? [] : [{ at: alert.acknowledgedAt, text: `${alert.acknowledgedBy} has it` }]),
    ...(alert.closedAt === null
      ? []
      : [
          {
            at: alert.closedAt,
            text: `Closed by ${alert.closedBy ?? 'late evidence'}${alert.reason === null ? '' : `: ${alert.reason}`}`,
          },
        ]),
    ...told,
  ];
  return (
    <section aria-labelledby="h-log">
      <div class="head">
        <h2 id="h-log">What happened, in order</h2>
      </div>
      <ol class="log">
        {entries
          .toSorted((a, b) => a.at - b.at)
          .map(({ at, text }) => (
            <li>
              <When at={at} now={now} form="time" />
              <span>{text}</span>
            </li>
          ))}
      </ol>
    </section>
  );
}
