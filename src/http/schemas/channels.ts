import * as z from 'zod';
import { WEBHOOK_SECRET } from '../../standard-webhook.ts';
import { nameText } from './common.ts';

const settings = {
  default: z
    .boolean()
    .optional()
    .meta({ description: 'Takes the alerts of images without a channel of their own. The first channel is it.' }),
  health: z
    .boolean()
    .optional()
    .meta({ description: 'Takes what is about Pushwarden itself; without one that goes to the default channel.' }),
  minSeverity: z
    .enum(['notice', 'high', 'critical'])
    .optional()
    .meta({ description: 'What is less urgent goes to the next channel: the default one.' }),
};
const slack = {
  signingSecret: z
    .string()
    .regex(/^[\x21-\x7e]{16,200}$/)
    .nullable()
    .optional()
    .meta({ description: 'Of its Slack app, if that is not the installation’s: messages get buttons. Never shown.' }),
  anyoneMayAcknowledge: z
    .boolean()
    .optional()
    .meta({ description: 'Whoever is in the Slack channel may acknowledge (and no more), listed or not.' }),
};
const url = z.url().max(1000);

const kinds = [
  z.strictObject({ kind: z.literal('slack-webhook'), url: url.max(500), ...slack, ...settings }),
  z.strictObject({
    kind: z.literal('slack-bot'),
    token: z.string().min(8).max(500),
    channel: z.string().min(1).max(100).meta({ description: 'Channel id (C…) or name.' }),
    ...slack,
    ...settings,
  }),
  z.strictObject({ kind: z.enum(['discord', 'teams']), url, ...settings }),
  z.strictObject({
    kind: z.literal('webhook'),
    url,
    secret: z
      .string()
      .regex(WEBHOOK_SECRET, { error: 'expected whsec_ and 24 to 64 bytes in base64' })
      .optional()
      .meta({ description: 'Signs each message as Standard Webhooks says. Made and shown once if left out.' }),
    ...settings,
  }),
  z.strictObject({ kind: z.literal('email'), to: z.email().max(254), ...settings }),
] as const;

const [slackWebhook, slackBot, byUrl, webhook, email] = kinds;

export const newChannel = z
  .discriminatedUnion('kind', [
    slackWebhook.extend({ name: nameText }),
    slackBot.extend({ name: nameText }),
    byUrl.extend({ name: nameText }),
    webhook.extend({ name: nameText }),
    email.extend({ name: nameText }),
  ])
  .meta({ id: 'ChannelInput' });

const renamed = { name: nameText.optional() };

export const channelChange = z
  .union([
    slackWebhook.extend(renamed),
    slackBot.extend(renamed),
    byUrl.extend(renamed),
    webhook.extend(renamed),
    email.extend(renamed),
    z.strictObject({ ...renamed, ...slack, ...settings }),
  ])
  .meta({ id: 'ChannelChange' });

/** Where a channel leads, as it was given. */
export type GivenAddress = z.output<(typeof kinds)[number]>;
