import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatImageName, type ImageName } from '../../domain/reference.ts';
import { signerInWords, whoPushes, workflowInWords } from '../../notify/proposal-words.ts';
import { type SeenAccount, VERSION_TAGS } from '../../usecases/policy-choices.ts';
import { Field, PostForm } from '../parts/form.tsx';
import { When } from '../parts/when.tsx';
import type { Chosen } from './choice-form.ts';

/** What was read, for the words beside a choice; missing where a form comes back. */
export interface Seen {
  readonly accounts: readonly SeenAccount[];
  /** By their place in the offer: tags that each signed, of those read. */
  readonly signed: readonly number[];
  readonly read: number;
  readonly versions: number;
  readonly notes: readonly string[];
}

interface Props extends Chosen {
  readonly image: ImageName;
  readonly seen: Seen | null;
  readonly csrf: string;
  readonly now: number;
  /** What the policy would have said. */
  readonly aside: Child;
}

/** Every choice is a field: nothing of it is known to the page alone. */
export function ProposalForm(props: Props): JSX.Element {
  const { image, offer, csrf, aside } = props;
  return (
    <PostForm action="/welcome" csrf={csrf} class="beside">
      <input type="hidden" name="image" value={formatImageName(image)} />
      <input type="hidden" name="offer" value={JSON.stringify(offer)} />
      <div>
        <Pushers {...props} />
        <Signers {...props} />
        <Workflows {...props} />
        <Tags {...props} />
      </div>
      <aside aria-labelledby="h-replay">{aside}</aside>
    </PostForm>
  );
}

interface GroupProps {
  readonly id: string;
  readonly title: string;
  readonly children: Child;
}

const Group = ({ id, title, children }: GroupProps): JSX.Element => (
  <section aria-labelledby={id}>
    <div class="head">
      <h2 id={id}>{title}</h2>
    </div>
    <div class="panel">{children}</div>
  </section>
);

interface ChoiceProps {
  readonly type?: 'checkbox' | 'radio';
  readonly name: string;
  readonly value: string;
  readonly checked: boolean;
  readonly label: Child;
  readonly detail?: Child;
  readonly why?: Child;
}

function Choice({ type = 'checkbox', name, value, checked, label, detail, why }: ChoiceProps): JSX.Element {
  return (
    <div class="prop">
      <label class="check">
        <input type={type} name={name} value={value} checked={checked} />
        <span>
          <b>{label}</b>
          {detail === undefined ? null : <small>{detail}</small>}
        </span>
      </label>
      {why === undefined ? null : <p class="why">{why}</p>}
    </div>
  );
}

interface ListProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly value: string;
}

/** Names that are not among those offered, in one field. */
const ListField = ({ id, label, hint, value }: ListProps): JSX.Element => (
  <Field id={id} label={label} hint={hint}>
    <input
      id={id}
      name={id}
      value={value}
      maxlength={4000}
      autocomplete="off"
      autocapitalize="none"
      aria-describedby={`${id}-hint`}
    />
  </Field>
);

function Pushers({ image, offer, choices, seen, now }: Props): JSX.Element {
  return (
    <Group id="h-pushers" title="Who may push">
      {offer.pushers.map((name, n) => {
        const account = seen?.accounts.find((each) => each.name === name);
        return (
          <Choice
            name="pusher"
            value={String(n)}
            checked={choices.pushers.includes(n)}
            label={`Account ${name}`}
            {...(account === undefined
              ? {}
              : {
                  detail: (
                    <>
                      Pushed {account.tags} of the last {account.of} tags, last <When at={account.lastAt} now={now} />
                    </>
                  ),
                  why: account.isActive
                    ? 'A push by anyone who is not on this list alerts at once.'
                    : 'Unused for half a year: tick it only if it is still yours.',
                })}
          />
        );
      })}
      <div class="prop">
        <ListField
          id="other-pushers"
          label={offer.pushers.length === 0 ? 'Accounts that may push' : 'Other accounts'}
          hint={
            offer.pushers.length === 0
              ? `${whoPushes(image.registry)} Spaces between them. Empty: a push by any account is accepted.`
              : 'Spaces between them. If nobody is ticked above or named here, a push by any account is accepted.'
          }
          value={choices.otherPushers}
        />
      </div>
      {image.registry === 'docker.io' ? (
        <div class="prop">
          <p>
            <b>Which of its tokens?</b> <span class="muted">Not visible yet.</span>
          </p>
          <p class="small muted">
            Docker Hub names tokens only to an owner. <a href="/settings/sources">Connect Docker Hub, read only</a>, to
            be told when the right account pushes with the wrong token. Optional, and possible later.
          </p>
        </div>
      ) : null}
    </Group>
  );
}

function Signers({ offer, choices, seen }: Props): JSX.Element {
  if (offer.signers.length === 0) {
    return (
      <Group id="h-signers" title="Who must sign">
        <div class="prop">
          <p>No signature was found that a policy could name.</p>
          <p class="small muted">
            Nothing is required, so an unsigned image raises no alarm. Once CI signs, name the signer in the policy.
          </p>
        </div>
      </Group>
    );
  }
  return (
    <Group id="h-signers" title="Who must sign">
      {offer.signers.map((authority, n) => {
        const { name, exact } = signerInWords(authority);
        const signed = seen?.signed[n];
        return (
          <Choice
            name="signer"
            value={String(n)}
            checked={choices.signers.includes(n)}
            label={name}
            detail={exact}
            {...(signed === undefined || seen === null
              ? {}
              : { why: `Signed ${signed} of the ${seen.read} tags read.` })}
          />
        );
      })}
      {offer.signers.length < 2 ? null : (
        <>
          <Choice
            type="radio"
            name="sign"
            value="each"
            checked={choices.sign === 'each'}
            label="Each that is ticked must sign"
          />
          <Choice
            type="radio"
            name="sign"
            value="one"
            checked={choices.sign === 'one'}
            label="One of those ticked is enough"
          />
        </>
      )}
      <Choice
        name="require-signature"
        value="yes"
        checked={choices.requireSignature}
        label="Alert when the signature is missing or another’s"
        detail="Within 30 minutes of the push. Not ticked: signatures are read and shown, and raise no alarm."
      />
    </Group>
  );
}

function Workflows({ offer, choices }: Props): JSX.Element {
  if (offer.workflows.length === 0) {
    return (
      <Group id="h-ci" title="Which CI workflow releases it">
        <div class="prop">
          <p>No workflow is named by the signatures of every tag that was read.</p>
          <p class="small muted">
            Nothing is required, so a push from elsewhere with the right token raises no alarm by itself. A policy can
            name a workflow later.
          </p>
        </div>
      </Group>
    );
  }
  return (
    <Group id="h-ci" title="Which CI workflow releases it">
      {offer.workflows.map((identity, n) => {
        const { name, exact } = workflowInWords(identity);
        return (
          <Choice
            name="workflow"
            value={String(n)}
            checked={choices.workflows.includes(n)}
            label={name}
            detail={exact}
            why="A push without anything signed by it alerts after 30 minutes."
          />
        );
      })}
      <Choice
        type="radio"
        name="announce"
        value="no"
        checked={!choices.announceFirst}
        label="CI does not announce releases"
        detail="A stolen token that pushes a new tag is found after 30 minutes, when no CI run has appeared. You can change this later."
      />
      <Choice
        type="radio"
        name="announce"
        value="yes"
        checked={choices.announceFirst}
        label="CI announces each release first"
        detail="A stolen token that pushes a new tag is found within seconds. Add the two steps to the workflow before the next release, or it alarms."
      />
    </Group>
  );
}

function Tags({ choices, seen }: Props): JSX.Element {
  return (
    <Group id="h-tags" title="Tags that must never move">
      <Choice
        name="version-tags"
        value="yes"
        checked={choices.versionTags}
        label="Version tags, such as 3.4.0"
        detail={
          <>
            {seen === null ? 'All' : `${seen.versions} of the ${seen.read} tags read; all`} that match{' '}
            <code>{VERSION_TAGS}</code>
          </>
        }
        why="Moving one alerts at once. Names like latest and short versions like 3.4 may move."
      />
      <div class="prop">
        <ListField
          id="other-tags"
          label="Others"
          hint="Tags, with * for anything and spaces between them: stable-* lts"
          value={choices.otherTags}
        />
      </div>
    </Group>
  );
}
