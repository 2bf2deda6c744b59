import type { AnswerWords } from './answer-words.ts';

/** Words of the page that says whether we see, and whether we are heard. Plain text, as in words.ts. */

export type ImageSight = 'answers' | 'reading' | 'failing' | 'blind' | 'no-webhook';

export const IMAGE_STATES: Readonly<Record<ImageSight, string>> = {
  answers: 'Answers',
  reading: 'Being read',
  failing: 'Failed lately',
  blind: 'We are blind',
  'no-webhook': 'No webhook',
};

/** What may go unnoticed. */
export const IMAGE_COSTS: Readonly<Record<ImageSight, string>> = {
  answers: '',
  reading: 'What is there is read for the first time: pushes are judged, and have no past to be held against yet.',
  failing: 'Pushes are judged later than usual. It is tried again by itself.',
  blind: 'A rogue push there may go unnoticed until this ends, and honest ones stay undecided.',
  'no-webhook': 'Only the sweep sees pushes there: minutes later, without the account, and not all of them.',
};

export const ROOT_COSTS = {
  stale: 'A signature that needs a newer root stays undecided, and a key that was withdrawn still counts as good.',
  missing: 'No signature under it can be checked: such pushes stay undecided.',
} as const;

export const CHANNEL_COST = 'What goes there reaches nobody.';
export const NO_CHANNEL = 'There is no channel: alerts are kept here and reach nobody.';
export const RECEIVER_COST = 'What it did not take is missing in the system behind it. Alerts go their own way.';

/** How we see at this moment. */
export interface Sight {
  /** Troubles that blind us. */
  readonly blind: number;
  /** Images whose last sweep failed. */
  readonly failing: number;
  readonly images: number;
  /** Since the last complete sweep of any image, in ms; `null`: none was yet. */
  readonly sweptAgo: number | null;
  /** How often each image is swept, in ms. */
  readonly sweepEvery: number;
}

export type SightState = 'sees' | 'falters' | 'blind';

/** So many intervals without any sweep mean that the schedule does not run. */
const LATE = 3;

const isLate = ({ images, sweptAgo, sweepEvery }: Sight): boolean =>
  images > 0 && sweptAgo !== null && sweptAgo > LATE * sweepEvery;

export function sightState(sight: Sight): SightState {
  if (sight.blind > 0) return 'blind';
  return sight.failing > 0 || isLate(sight) ? 'falters' : 'sees';
}

export function seeAnswer(sight: Sight): AnswerWords {
  const { blind, failing, images } = sight;
  if (images === 0) return { answer: 'Nothing is watched', why: 'Watch an image first.' };
  if (blind > 0)
    return {
      answer: blind === 1 ? 'No, one thing is hidden from us' : `No, ${blind} things are hidden from us`,
      why: 'Our problem, not an attack. What may go unnoticed stands beside each.',
    };
  if (failing > 0)
    return {
      answer:
        failing === 1
          ? 'Not at this moment: an image'
          : `Not at this moment: ${failing === 100 ? '100 or more' : failing} images`,
      why: 'Their last sweep failed. It is tried again by itself; if it lasts, it is told.',
    };
  if (isLate(sight))
    return {
      answer: 'Not at this moment: no sweep lately',
      why: 'No image was swept for longer than it should take. Does the schedule of this installation run?',
    };
  return {
    answer: 'Yes, every source answers',
    why: 'Webhooks, sweeps and accounts are listed below with their last answer.',
  };
}

/** Whether an alarm would reach anybody. */
export function heardAnswer(
  channels: readonly { readonly name: string; readonly forAlerts: boolean; readonly refused: string | null }[],
): AnswerWords {
  const alarm = channels.find(({ forAlerts }) => forAlerts);
  if (alarm === undefined)
    return {
      answer: 'No: there is no channel',
      why: 'Images may name one of their own. A default channel is for all others.',
    };
  return alarm.refused === null
    ? { answer: `Yes, in ${alarm.name}`, why: 'It took our last message, or has had none yet. A test alert proves it.' }
    : { answer: `No: ${alarm.name} refuses`, why: alarm.refused };
}

export function checkAnswer(stale: number): AnswerWords {
  return stale === 0
    ? { answer: 'Yes', why: 'The trusted roots are up to date, or came with this release.' }
    : {
        answer: stale === 1 ? 'Not all: a trusted root is stale' : `Not all: ${stale} trusted roots are stale`,
        why: 'Signatures under them may stay undecided.',
      };
}
