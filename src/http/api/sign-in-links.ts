import * as z from 'zod';
import { LINK_LIFE_MS } from '../../domain/person.ts';
import { hashSecret, newSecret } from '../../secrets.ts';
import { type ApiRoute, route } from '../route.ts';
import { iso, time } from '../schemas/common.ts';

export const signInLinkRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/sign-in-links',
    operationId: 'createSignInLink',
    summary: 'Make a link that signs one browser in as this key, once and within 15 minutes',
    scope: 'admin',
    status: 201,
    response: z.object({ url: z.string(), expiresAt: time }).meta({ id: 'SignInLink' }),
    async handle({ caller, services, now, c }) {
      const token = newSecret();
      const audit = {
        teamId: caller.teamId,
        at: now,
        actor: caller.name,
        action: 'link.created',
        target: caller.name,
        detail: null,
      };
      const link = { hash: await hashSecret(token), teamId: caller.teamId, keyId: caller.keyId, now };
      await services.signInLinks.addForKey(link, audit);
      const base = services.settings.publicUrl || new URL(c.req.url).origin;
      return { url: `${base}/signin/link/${token}`, expiresAt: iso(now + LINK_LIFE_MS) };
    },
  }),
];
