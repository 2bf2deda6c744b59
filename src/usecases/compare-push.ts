import type { Handler } from './handle-alert.ts';
import { type ContentsDependencies, readContentsOf } from './read-contents.ts';
import type { PushKey } from './stores.ts';

/** Reads what a push's image and the one before hold, for somebody who asks. It stands in the audit log. */
export async function comparePush(deps: ContentsDependencies, by: Handler, push: PushKey): Promise<void> {
  const target = `push ${push.repository}-${push.seq}`;
  await deps.store.want(push, by.now, {
    teamId: by.teamId,
    at: by.now,
    actor: by.name,
    action: 'push.compared',
    target,
    detail: null,
  });
  await readContentsOf(deps, push);
}
