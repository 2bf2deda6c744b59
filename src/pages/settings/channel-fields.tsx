import type { JSX } from 'hono/jsx/jsx-runtime';
import { CHANNEL_WORDS } from '../../notify/channel-words.ts';
import type { ChannelKind } from '../../usecases/ports.ts';
import { Field, Select } from '../parts/form.tsx';

/** In the order in which they are offered. */
export const KINDS: readonly ChannelKind[] = ['slack-bot', 'slack-webhook', 'discord', 'teams', 'webhook', 'email'];

export const kindOf = (text: string | undefined): ChannelKind | null => KINDS.find((kind) => kind === text) ?? null;

export const isSlack = (kind: ChannelKind): boolean => kind === 'slack-bot' || kind === 'slack-webhook';

const SEVERITIES = [
  { value: 'notice', label: 'Everything' },
  { value: 'high', label: 'High and critical' },
  { value: 'critical', label: 'Critical only' },
];

/** What a kind needs of whoever adds it. Nothing that is typed here is shown again. */
export function AddressFields({ kind }: { readonly kind: ChannelKind }): JSX.Element {
  if (kind === 'slack-bot')
    return (
      <>
        <Secret id="token" label="Bot token" hint="It begins with xoxb-." />
        <Field id="channel" label="Channel" hint="Its id (C…) or its name. The app has to be a member of it.">
          <input
            id="channel"
            name="channel"
            maxlength={100}
            required
            autocomplete="off"
            aria-describedby="channel-hint"
          />
        </Field>
      </>
    );
  if (kind === 'email')
    return (
      <Field id="to" label="Address">
        <input id="to" name="to" type="email" maxlength={254} required autocomplete="off" />
      </Field>
    );
  return (
    <>
      <Field id="url" label="Address" hint={CHANNEL_WORDS[kind].where}>
        <input
          id="url"
          name="url"
          type="url"
          maxlength={500}
          required
          autocomplete="off"
          placeholder="https://…"
          aria-describedby="url-hint"
        />
      </Field>
      {kind === 'webhook' ? (
        <Secret id="secret" label="Secret" hint="whsec_…; left empty, one is made and shown once." isOptional />
      ) : null}
    </>
  );
}

interface SecretProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly isOptional?: boolean;
}

export function Secret({ id, label, hint, isOptional = false }: SecretProps): JSX.Element {
  return (
    <Field id={id} label={isOptional ? `${label} (optional)` : label} hint={hint}>
      <input
        id={id}
        name={id}
        type="password"
        maxlength={500}
        autocomplete="off"
        required={!isOptional}
        aria-describedby={`${id}-hint`}
      />
    </Field>
  );
}

interface TakesProps {
  readonly name?: string;
  readonly minSeverity?: string;
  readonly forAlerts: boolean;
  readonly forHealth: boolean;
  /** `null`: not a Slack channel. */
  readonly anyone: boolean | null;
}

/** What a channel is called and what it gets. */
export function TakesFields({ name, minSeverity, forAlerts, forHealth, anyone }: TakesProps): JSX.Element {
  return (
    <>
      <Field id="name" label="Name" hint="What it is called here. Images name it so.">
        <input
          id="name"
          name="name"
          maxlength={64}
          required
          autocomplete="off"
          aria-describedby="name-hint"
          {...(name === undefined ? {} : { value: name })}
        />
      </Field>
      <Field id="minSeverity" label="It takes" hint="What is less urgent goes to the default channel.">
        <Select
          id="minSeverity"
          name="minSeverity"
          options={SEVERITIES}
          selected={minSeverity ?? 'notice'}
          describedBy="minSeverity-hint"
        />
      </Field>
      <Check name="default" isOn={forAlerts} label="Default channel" hint="Alerts of images that name no channel." />
      <Check
        name="health"
        isOn={forHealth}
        label="About Pushwarden itself"
        hint="What we cannot see, and the weekly summary that proves we look."
      />
      {anyone === null ? null : (
        <Check
          name="anyoneMayAcknowledge"
          isOn={anyone}
          label="Whoever is in the Slack channel may take alerts"
          hint="And no more than that. Others need to be listed."
        />
      )}
    </>
  );
}

interface CheckProps {
  readonly name: string;
  readonly isOn: boolean;
  readonly label: string;
  readonly hint: string;
}

function Check({ name, isOn, label, hint }: CheckProps): JSX.Element {
  return (
    <label class="check">
      <input type="checkbox" name={name} value="on" checked={isOn} />
      <span>
        {label}
        <small>{hint}</small>
      </span>
    </label>
  );
}
