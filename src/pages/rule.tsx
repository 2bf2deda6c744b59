import type { JSX } from 'hono/jsx/jsx-runtime';
import * as z from 'zod';
import { isWatchAlert } from '../domain/alert.ts';
import { formatImageName } from '../domain/reference.ts';
import { policyInput } from '../http/schemas/policy.ts';
import { alertHeadline } from '../notify/alert-words.ts';
import { ruleWords, withoutRule } from '../notify/rule-words.ts';
import { findingTitle } from '../notify/words.ts';
import { hashSecret } from '../secrets.ts';
import type { JudgedPush, RuleMatter } from '../store/rules.ts';
import { ALL_RULES, makeRule, type RuleChoice, ruleChoices } from '../usecases/make-rule.ts';
import { applyRules, RULE_FOR } from '../usecases/rules.ts';
import { pushAddress } from './addresses.ts';
import { alertIdOf } from './alert-forms.ts';
import { handlerOf, notHere, type PageInput, PageProblem, readForm } from './page.ts';
import { Field, PostForm } from './parts/form.tsx';
import { Icon } from './parts/icon.tsx';
import { Rows } from './parts/rows.tsx';
import { VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { seeOther, show } from './show.tsx';

const CHANGES_SHOWN = 20;
/** As many as `src/store/rules.ts` reads. */
const RULE_PUSHES = 50;

type Choice = RuleChoice<JudgedPush>;

async function matterOf(
  input: PageInput,
): Promise<{ readonly matter: RuleMatter; readonly choices: readonly Choice[] }> {
  const { services, visit, now } = input;
  const matter = await services.rules.read(visit.session.teamId, alertIdOf(input));
  if (matter === null || isWatchAlert(matter.alert.facts)) throw notHere();
  const pasts = await services.checks.pasts(matter.pushes.map(({ push }) => ({ push, digest: push.digest })));
  return { matter, choices: ruleChoices(matter, pasts, now) };
}

/** Which policy a form was made of. It tells one from another and keeps no secret. */
async function fingerprint(policyText: string): Promise<string> {
  return [...(await hashSecret(policyText))]
    .slice(0, 16)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** What would make this alert expected, and what else it would change. */
export async function rulePage(input: PageInput): Promise<Response> {
  const { c, visit, now } = input;
  const { matter, choices } = await matterOf(input);
  const id = `A-${matter.alert.id}`;
  const main = (
    <>
      <nav class="crumbs" aria-label="Breadcrumb">
        <ol>
          <li>
            <a href="/alerts">Alerts</a>
          </li>
          <li>
            <a href={`/alerts/${id}`}>{id}</a>
          </li>
          <li>Rule</li>
        </ol>
      </nav>
      <div class="top">
        <h1>Make this a rule</h1>
        <p>{formatImageName(matter.image.name)}</p>
      </div>
      <p>
        {alertHeadline(matter.alert.facts)}. A rule makes the same thing expected from now on; it is in the audit log
        with your name and the reason. If you do not know who pushed, make none.
      </p>
      {isNotRead(matter) ? (
        <p class="note">
          <Icon name="pending" />
          <span>
            The registry has not told us yet what was pushed. A rule is made of what it confirms: come back when it has.
          </span>
        </p>
      ) : (
        <Without matter={matter} choices={choices} />
      )}
      {choices.length === 0 ? null : (
        <PostForm action={`/alerts/${id}/rule`} csrf={visit.csrf}>
          {choices.map((choice, n) => (
            <ChoicePanel choice={choice} n={n} alert={matter.alert.id} now={now} />
          ))}
          <section class="slim stack">
            <Field id="reason" label="Why is it expected?">
              <textarea id="reason" name="reason" rows={3} maxlength={1000} required />
            </Field>
            <input type="hidden" name="policy" value={await fingerprint(matter.image.policyText)} />
            <div class="btns">
              <button type="submit" class="btn main">
                Change the policy
              </button>
              <a class="btn" href={`/alerts/${id}`}>
                Make no rule
              </a>
            </div>
          </section>
        </PostForm>
      )}
    </>
  );
  return show(c, { title: `Rule for ${id}`, at: '/alerts', main });
}

/** There is nothing yet that could be judged by another policy. */
const isNotRead = ({ alert: { facts } }: RuleMatter): boolean => !isWatchAlert(facts) && facts.digest === null;

/** Findings that no rule here resolves: why, and what to do. */
function Without({
  matter,
  choices,
}: {
  readonly matter: RuleMatter;
  readonly choices: readonly Choice[];
}): JSX.Element | null {
  const resolved = choices.flatMap(({ rules }) => rules.flatMap(({ kind }) => RULE_FOR[kind]));
  const codes = new Set(matter.alert.facts.findings.map(({ code }) => code).filter((code) => !resolved.includes(code)));
  if (codes.size === 0) return null;
  return (
    <section aria-labelledby="h-without">
      <div class="head">
        <h2 id="h-without">{choices.length === 0 ? 'No rule would resolve this' : 'What no rule resolves'}</h2>
      </div>
      <dl class="panel pad facts">
        {[...codes].map((code) => (
          <>
            <dt>{findingTitle(code)}</dt>
            <dd>{withoutRule(code)}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

interface PanelProps {
  readonly choice: Choice;
  readonly n: number;
  readonly alert: number;
  readonly now: number;
}

function ChoicePanel({ choice, n, alert, now }: PanelProps): JSX.Element {
  const words = choice.rules.map(ruleWords);
  const title = choice.id === ALL_RULES ? 'All of these together' : (words[0]?.title ?? '');
  const heading = `h-rule-${n}`;
  return (
    <section aria-labelledby={heading}>
      <div class="panel pad stack">
        <label class="check">
          <input type="radio" name="rule" value={choice.id} required />
          <span>
            <b id={heading}>{title}</b>
            {choice.id === ALL_RULES
              ? null
              : words.map(({ exact, cost }) => (
                  <>
                    <small>{exact}</small>
                    <small>{cost}</small>
                  </>
                ))}
          </span>
        </label>
        <Warning choice={choice} alert={alert} />
        <Preview choice={choice} title={title} alert={alert} now={now} />
      </div>
    </section>
  );
}

/** A rule for one push that lets another one through is what an attacker hopes for. */
function Warning({ choice, alert }: { readonly choice: Choice; readonly alert: number }): JSX.Element | null {
  const freed = choice.changes.filter(
    ({ before, after, past }) => before === 'rogue' && after !== 'rogue' && past.of.alert !== alert,
  );
  if (freed.length === 0) return null;
  const incidents = freed.filter(({ past }) => past.of.closedAs === 'incident').length;
  return (
    <p class="banner plain" role="note">
      {freed.length === 1 ? 'Another push' : `${freed.length} other pushes`} that {freed.length === 1 ? 'is' : 'are'}{' '}
      rogue now would not be any more.
      {incidents === 0
        ? ''
        : ` ${incidents === 1 ? 'One of them was' : `${incidents} of them were`} closed as an incident.`}{' '}
      Look at each before you go on.
    </p>
  );
}

interface PreviewProps {
  readonly choice: Choice;
  readonly title: string;
  readonly alert: number;
  readonly now: number;
}

function Preview({ choice: { changes }, title, alert, now }: PreviewProps): JSX.Element {
  const leaves = changes.every(({ past }) => past.of.alert !== alert) ? (
    <p class="small muted">By itself it leaves this push as it is: other findings remain.</p>
  ) : null;
  if (changes.length === 0)
    return leaves ?? <p class="small muted">None of the last {RULE_PUSHES} judged pushes would change its verdict.</p>;
  const rows = changes.slice(0, CHANGES_SHOWN).map(({ past: { of }, before, after }) => ({
    cells: [
      <>
        <a href={pushAddress(of.push.key)}>
          <code>{of.push.tag === '' ? 'without a tag' : of.push.tag}</code>
        </a>
        <small>
          by {of.push.pusher?.name ?? 'nobody named'}
          {of.alert === null ? '' : `, A-${of.alert}`}
        </small>
      </>,
      <VerdictBadge verdict={after} />,
      <VerdictBadge verdict={before} />,
      <When at={of.push.receivedAt} now={now} form="age" />,
      of.isLive ? (
        'judged again at once'
      ) : (
        <>
          stays as it is
          <small>it is decided; only what is alike changes</small>
        </>
      ),
    ],
  }));
  const more = changes.length - rows.length;
  return (
    <>
      <Rows
        caption={`Past pushes that would change: ${title}`}
        columns={[
          { label: 'Push' },
          { label: 'Would be', kind: 'verdict' },
          { label: 'Before' },
          { label: 'When' },
          { label: 'What happens' },
        ]}
        rows={rows}
        none=""
      />
      {more > 0 ? <p class="small muted">and {more} more</p> : null}
      {leaves}
    </>
  );
}

const given = z.object({
  rule: z.string({ error: 'choose one' }).min(1).max(3000),
  reason: z.string().trim().min(1, { error: 'say why it is expected' }).max(1000, { error: 'at most 1000 characters' }),
  policy: z.string().regex(/^[0-9a-f]{32}$/, { error: 'the form is not one of ours' }),
});

/** Nothing in the form says what the rule is: it is found again among those that the alert itself leads to. */
export async function ruleForm(input: PageInput): Promise<Response> {
  const { c, services, form } = input;
  const { rule, reason, policy } = readForm(given, form);
  const { matter, choices } = await matterOf(input);
  const id = `A-${matter.alert.id}`;
  const again = (what: string): PageProblem =>
    new PageProblem(409, `${what} Nothing was changed. Look at what is proposed now: /alerts/${id}/rule`, [reason]);
  if ((await fingerprint(matter.image.policyText)) !== policy) throw again('The policy was changed meanwhile.');
  const choice = choices.find((each) => each.id === rule);
  if (choice === undefined) throw again('The alert or what is known of it has changed meanwhile.');
  const edited = policyInput.safeParse(applyRules(matter.image.policy, choice.rules).policy);
  if (!edited.success) {
    const problems = edited.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
    throw again(`The policy would not be one any more (${problems.join('; ')}).`);
  }
  const done = await makeRule(services, handlerOf(input), matter, choice, reason);
  if (done === 'changed') throw again('The policy was changed meanwhile.');
  return seeOther(c, `/alerts/${id}?done=rule`);
}
