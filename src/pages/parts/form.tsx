import type { Child, PropsWithChildren } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

interface FormProps {
  readonly action: string;
  /** The session's CSRF token. */
  readonly csrf: string;
  readonly class?: string;
}

/** A form that changes something. There is no other way to write one: the token is always in it. */
export function PostForm({ action, csrf, children, ...rest }: PropsWithChildren<FormProps>): JSX.Element {
  return (
    <form method="post" action={action} {...rest}>
      {children}
      <input type="hidden" name="csrf" value={csrf} />
    </form>
  );
}

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: Child;
}

/** A label, the control that has its id, and a hint that the control should name by `aria-describedby={`${id}-hint`}`. */
export function Field({ id, label, hint, children }: PropsWithChildren<FieldProps>): JSX.Element {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint === undefined ? null : <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

interface SelectProps {
  readonly id: string;
  readonly name: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly selected?: string;
  readonly label?: string;
  /** Id of its hint. */
  readonly describedBy?: string;
}

export function Select({ id, name, options, selected, label, describedBy }: SelectProps): JSX.Element {
  return (
    <select
      id={id}
      name={name}
      {...(label === undefined ? {} : { 'aria-label': label })}
      {...(describedBy === undefined ? {} : { 'aria-describedby': describedBy })}
    >
      {options.map((option) => (
        <option value={option.value} selected={option.value === selected}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
