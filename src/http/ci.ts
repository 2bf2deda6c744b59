import { Hono } from 'hono';
import * as z from 'zod';
import { CiIssuerUnavailable } from '../oidc/verify.ts';
import { announce, TooManyAnnouncements } from '../usecases/announce.ts';
import { InvalidCiToken } from '../usecases/ports.ts';
import { readBody } from './body.ts';
import type { AppEnv } from './context.ts';
import { parseInput } from './input.ts';
import { Problem } from './problem.ts';
import { digestText, imageText, tagText } from './schemas/common.ts';
import { tooMany } from './strangers.ts';

const MAX_BODY = 64 * 1024;

/** The body of `POST /ci/announcements`. */
export const announcementBody = z
  .object({
    phase: z
      .enum(['started', 'pushed', 'finished'])
      .meta({ description: 'The release job begins; it pushed a digest; it ended.' }),
    image: imageText,
    digest: digestText.optional(),
    tags: z.array(tagText).max(100).default([]).meta({ description: 'Left out: whatever tags the job pushes.' }),
  })
  .refine((body) => body.phase !== 'pushed' || body.digest !== undefined, {
    path: ['digest'],
    error: 'expected a digest with phase pushed',
  })
  .meta({ id: 'AnnouncementInput' });

export const announcementAnswer = z
  .object({
    accepted: z.literal(true),
    repositories: z.int().meta({ description: 'How many watched repositories this job may release.' }),
    windowEndsAt: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'With phase started: until when pushes are expected, without finished.' }),
    job: z.string(),
  })
  .meta({ id: 'Announcement' });

/** CI's own word, proven by its OIDC token. */
export function ciRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post('/announcements', async (c) => {
    const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (token === undefined) throw new Problem(401, 'Send the OIDC token of the CI job as Authorization: Bearer.');
    const bytes = await readBody(c.req.raw, MAX_BODY);
    const { services } = c.var;
    const body = parseInput(announcementBody, bytes);
    const deps = { ...services, store: services.announcements, limit: services.announcementLimit };
    const input = { phase: body.phase, image: body.image, digest: body.digest ?? null, tags: body.tags };
    const result = await announce(deps, token, input).catch(refuse);
    const { claims } = result;
    if (!result.accepted) {
      // The same for an image that is not watched: only the job's own claims are told, never the policy's.
      throw new Problem(403, 'No repository that is watched here names this job for that image.', { job: claims });
    }
    const windowEndsAt = result.windowEndsAt === null ? null : new Date(result.windowEndsAt).toISOString();
    return c.json(
      { accepted: true, repositories: result.repositories, windowEndsAt, job: claims.runUrl ?? claims.run },
      201,
    );
  });
  return app;
}

function refuse(error: unknown): never {
  if (error instanceof InvalidCiToken) throw new Problem(401, error.message);
  if (error instanceof TooManyAnnouncements) throw tooMany(error.message);
  if (error instanceof CiIssuerUnavailable) throw new Problem(503, error.message, {}, { 'retry-after': '10' });
  throw error;
}
