import type { Services } from '../compose.ts';
import type { Env } from '../settings.ts';
import type { KeyScope } from '../store/keys.ts';

/** Who calls the API: a key of a team. */
export interface Caller {
  readonly teamId: number;
  readonly keyId: number;
  /** `key:laptop`, as it stands in the audit log. */
  readonly name: string;
  readonly scope: KeyScope;
}

/** Hono's type parameter for every part of this app. */
export interface AppEnv {
  Bindings: Env;
  Variables: { services: Services; caller: Caller };
}
