import * as z from 'zod';
import { isKeyless } from '../../domain/authority.ts';
import { policyInput } from '../../http/schemas/policy.ts';
import { type Choices, chosenPolicy, DEFAULT_CHOICES, type Offer } from '../../usecases/policy-choices.ts';
import { PageProblem } from '../page.ts';

const place = z.coerce.number().int().min(0).max(99);
const text = z.string().max(4000);

const choices = z.object({
  pushers: z.array(place).max(100),
  otherPushers: text,
  signers: z.array(place).max(100),
  sign: z.enum(['each', 'one']),
  requireSignature: z.boolean(),
  workflows: z.array(place).max(100),
  announceFirst: z.boolean(),
  versionTags: z.boolean(),
  otherTags: text,
});

/** In the form as JSON: it was ours when it left, and is checked as if it were anybody's. */
const offer = z.object({
  pushers: z.array(z.string().max(255)).max(20),
  signers: z.array(z.unknown()).max(20),
  workflows: z.array(z.unknown()).max(20),
});

const tooOld = (): PageProblem =>
  new PageProblem(400, 'This form is not one that this version made. Look at the image again.');

export interface Chosen {
  readonly offer: Offer;
  readonly choices: Choices;
}

/** What was offered, and what was chosen of it. @throws PageProblem 400 if it is none of our forms */
export function readChoices(form: URLSearchParams): Chosen {
  const given = choices.safeParse({
    pushers: form.getAll('pusher'),
    otherPushers: form.get('other-pushers') ?? '',
    signers: form.getAll('signer'),
    sign: form.get('sign') ?? DEFAULT_CHOICES.sign,
    requireSignature: form.get('require-signature') === 'yes',
    workflows: form.getAll('workflow'),
    announceFirst: form.get('announce') === 'yes',
    versionTags: form.get('version-tags') === 'yes',
    otherTags: form.get('other-tags') ?? '',
  });
  if (!given.success) throw tooOld();
  return { offer: readOffer(form.get('offer') ?? ''), choices: given.data };
}

/** The schema of policies is what an offer has to satisfy, all of it. */
function readOffer(json: string): Offer {
  const given = offer.safeParse(parseJson(json));
  if (!given.success) throw tooOld();
  const { pushers, signers, workflows } = given.data;
  const all = policyInput.safeParse({
    ci: { identities: workflows },
    signatures: { authorities: signers.length === 0 ? [] : [signers] },
  });
  if (!all.success) throw tooOld();
  const authorities = all.data.signatures.authorities.flat();
  const keyless = authorities.flatMap((authority) =>
    'keyless' in authority && isKeyless(authority) ? [authority] : [],
  );
  if (keyless.length !== signers.length) throw tooOld();
  return { pushers, signers: keyless, workflows: all.data.ci.identities };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The policy as it was chosen, or what is wrong with it by its field. */
export function readPolicy({ offer: offered, choices: chosen }: Chosen) {
  const result = policyInput.safeParse(chosenPolicy(offered, chosen));
  if (result.success) return { draft: result.data };
  return { problems: result.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`) };
}
