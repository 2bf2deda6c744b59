import * as z from 'zod';
import { nameText } from '../../http/schemas/common.ts';
import { hashSecret, newSecret } from '../../secrets.ts';
import { idOf, notHere, type PageInput, readForm } from '../page.ts';
import { Copy } from '../parts/digest.tsx';
import { Field, PostForm, Select } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { When } from '../parts/when.tsx';
import { seeOther, show } from '../show.tsx';
import { auditBy, SettingsFrame } from './frame.tsx';

const newKey = z.object({ name: nameText, scope: z.enum(['read', 'admin']) });

export async function keysPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const keys = await services.keys.list(visit.session.teamId);
  const rows = keys.map((key) => ({
    cells: [
      key.name,
      <span class="v v-plain">{key.scope}</span>,
      <>
        <When at={key.createdAt} now={now} /> by {key.createdBy}
      </>,
      key.lastUsedAt === null ? 'never' : <When at={key.lastUsedAt} now={now} />,
      <PostForm action={`/settings/keys/${key.id}/revoke`} csrf={visit.csrf}>
        <button type="submit" class="btn low">
          Revoke<span class="vh"> key {key.name}</span>
        </button>
      </PostForm>,
    ],
  }));
  const main = (
    <SettingsFrame input={input} at="/settings/keys">
      <section aria-labelledby="h-keys">
        <div class="head">
          <h2 id="h-keys">API keys</h2>
          <p>An admin key can do all that an owner can</p>
        </div>
        <Rows
          caption="Live API keys"
          columns={[
            { label: 'Key' },
            { label: 'Scope', kind: 'verdict' },
            { label: 'Made' },
            { label: 'Last used' },
            { label: 'Change' },
          ]}
          rows={rows}
          none="There is no live key."
        />
      </section>
      <section class="slim" aria-labelledby="h-new">
        <div class="head">
          <h2 id="h-new">Make a key</h2>
        </div>
        <PostForm action="/settings/keys" csrf={visit.csrf} class="panel pad row">
          <Field id="name" label="Name">
            <input id="name" name="name" maxlength={64} required autocomplete="off" />
          </Field>
          <Field id="scope" label="Scope">
            <Select
              id="scope"
              name="scope"
              options={[
                { value: 'read', label: 'read' },
                { value: 'admin', label: 'admin' },
              ]}
            />
          </Field>
          <button type="submit" class="btn main">
            Make it
          </button>
        </PostForm>
      </section>
    </SettingsFrame>
  );
  return show(c, { title: 'API keys', at: '/settings', main });
}

/** Shows the key once: only its hash is kept. */
export async function createKey(input: PageInput): Promise<Response> {
  const { c, services, visit, form, now } = input;
  const { name, scope } = readForm(newKey, form);
  const key = newSecret('pwk_');
  const stored = { name, scope, hash: await hashSecret(key), by: visit.session.name, now };
  await services.keys.add(visit.session.teamId, stored, auditBy(input, 'key.created', name, { scope }));
  const main = (
    <div class="slim stack">
      <h1>
        Key {name} ({scope})
      </h1>
      <p>It is shown this once: copy it now. Only its hash is kept.</p>
      <p>
        <code class="secret">{key}</code>
      </p>
      <div class="btns">
        <Copy text={key} label="Copy the key" />
        <a class="btn" href="/settings/keys">
          Back to the keys
        </a>
      </div>
    </div>
  );
  return show(c, { title: 'New key', at: '/settings', main });
}

export async function revokeKey(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const id = idOf(c.req.param('id'));
  const audit = auditBy(input, 'key.revoked', String(id));
  if (!(await services.keys.revoke(visit.session.teamId, id, now, audit))) throw notHere();
  return seeOther(c, '/settings/keys?done=revoked');
}
