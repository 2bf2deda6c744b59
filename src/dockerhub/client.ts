import type { AccountAnswer, DockerHub } from '../usecases/registry-accounts.ts';
import { type DockerHubOptions, HubApi } from './api.ts';
import { readAuditPage } from './audit-log.ts';
import { tokenId } from './fields.ts';
import { PAGE_SIZE } from './page.ts';
import { readResources, readTokenList } from './tokens.ts';

/** A Docker ID or the name of an organization: no dot, no slash, nothing that would leave its place in a path. */
const ACCOUNT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/;
/** 9999-12-31T23:59:59.999Z: later, years have more than four digits. */
const LAST_TIME = 253_402_300_799_999;

/**
 * Docker Hub's account API. Pages are ours to count: the address of the next one that an answer gives is never asked.
 * A list whose every page says that another follows has no end here: whoever reads it decides how far.
 * @see https://docs.docker.com/reference/api/hub/latest/
 */
export function createDockerHub(options: DockerHubOptions): DockerHub {
  const api = new HubApi(options);
  return {
    signIn: (login, requests) => api.signIn(login, requests),

    async personalTokens(session, page, requests) {
      const answer = await api.get(session, `/v2/access-tokens?${pageQuery(page)}`, requests);
      return then(answer, (json) => readTokenList('personal', json, page, api.now));
    },

    async organizationTokens(session, organization, page, requests) {
      if (!ACCOUNT.test(organization)) return impossible('the name of an organization');
      const answer = await api.get(session, `/v2/orgs/${organization}/access-tokens?${pageQuery(page)}`, requests);
      return then(answer, (json) => readTokenList('organization', json, page, api.now));
    },

    async tokenResources(session, organization, id, requests) {
      if (!ACCOUNT.test(organization)) return impossible('the name of an organization');
      if (!tokenId.safeParse(id).success) return impossible('the id of a token');
      const answer = await api.get(session, `/v2/orgs/${organization}/access-tokens/${id}`, requests);
      return then(answer, (json) => readResources(json, id));
    },

    async auditLog(session, account, { from, to, page }, requests) {
      if (!ACCOUNT.test(account)) return impossible('the name of an account');
      const window = new URLSearchParams({ from: isoTime(from), to: isoTime(to) });
      const answer = await api.get(session, `/v2/auditlogs/${account}?${window}&${pageQuery(page)}`, requests);
      return then(answer, (json) => readAuditPage(json, account, api.now));
    },
  };
}

function then<T>(answer: AccountAnswer<unknown>, read: (json: unknown) => AccountAnswer<T>): AccountAnswer<T> {
  return answer.kind === 'found' ? read(answer.value) : answer;
}

function pageQuery(page: number): string {
  return `page=${page}&page_size=${PAGE_SIZE}`;
}

/** Nothing is there that we could ask for: as good as a 404. */
function impossible(what: string): AccountAnswer<never> {
  return { kind: 'forbidden', reason: `Docker Hub was not asked: this cannot be ${what}` };
}

function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), LAST_TIME)).toISOString();
}
