import { createDockerHub } from './dockerhub/client.ts';
import { createEventSender } from './events/sender.ts';
import { createAttestations } from './github/attestations.ts';
import { createCiRuns } from './github/runs.ts';
import { createGitHubSignIn, findGitHubAccount } from './github/sign-in.ts';
import { createReportWriter } from './notify/blast-radius.ts';
import { createNotifier } from './notify/notifier.ts';
import { createSlackReplies } from './notify/slack-replies.ts';
import { createRegistry } from './oci/registry.ts';
import { createAccessTokens } from './oidc/access.ts';
import { createCiTokens } from './oidc/verify.ts';
import { createRateLimiter } from './rate-limit.ts';
import { createSeal } from './seal.ts';
import { type Env, InvalidSettings, readSettings, type Settings } from './settings.ts';
import { keyChecker } from './sigstore/keys.ts';
import { InvalidTrustedRoot, loadTrustedRoot } from './sigstore/trusted-root.ts';
import { createSignatureVerifier } from './sigstore/verifier.ts';
import { createAlertStore } from './store/alerts.ts';
import { createAnnouncementStore } from './store/announcements.ts';
import { createAttributionStore } from './store/attributions.ts';
import { createAuditStore } from './store/audit.ts';
import { createBlastRadiusStore } from './store/blast-radius.ts';
import { createBurstStore } from './store/bursts.ts';
import { createChannelStore } from './store/channels.ts';
import { createCheckStore } from './store/checks.ts';
import { createCiRunStore } from './store/ci-runs.ts';
import { createClockStore } from './store/clock.ts';
import { createComparisonStore } from './store/comparisons.ts';
import { createCredentialStore } from './store/credentials.ts';
import { createDeliveryStore } from './store/deliveries.ts';
import { createDigestStore } from './store/digests.ts';
import { createEventStore } from './store/event-outbox.ts';
import { createSubscriptionStore } from './store/event-subscriptions.ts';
import { createExportStore } from './store/exports.ts';
import { createHealthStore } from './store/health.ts';
import { createHistoryStore } from './store/history.ts';
import { createHookStore } from './store/hooks.ts';
import { createContentsStore } from './store/image-contents.ts';
import { createInboxStore } from './store/inbox.ts';
import { createKeyStore } from './store/keys.ts';
import { createNotificationStore } from './store/notifications.ts';
import { createOverviewStore } from './store/overview.ts';
import { createPeopleStore } from './store/people.ts';
import { createPushPageStore } from './store/push-page.ts';
import { createRepositoryStore } from './store/repositories.ts';
import { createReviewStore } from './store/reviews.ts';
import { createSearchStore } from './store/search.ts';
import { createSessionStore } from './store/sessions.ts';
import { createSignInLinkStore } from './store/sign-in-links.ts';
import { createSlackActionStore } from './store/slack-actions.ts';
import { createSlackUserStore } from './store/slack-users.ts';
import { createSourceAdminStore } from './store/source-admin.ts';
import { createSourceStore } from './store/sources.ts';
import { createSweepStore } from './store/sweeps.ts';
import { createTrustedRootStore } from './store/trusted-roots.ts';
import { createMirrorStore } from './store/tuf-mirrors.ts';
import { createTufClient } from './tuf/client.ts';
import { tufMirrors } from './tuf/mirrors.ts';
import { SEEDS } from './tuf/seeds.ts';
import type { SignatureDependencies } from './usecases/gather-signatures.ts';
import type { CheckMessage, CiTokens, Clock, Wakeups } from './usecases/ports.ts';
import { InvalidCiToken } from './usecases/ports.ts';
import type { HubSession } from './usecases/registry-accounts.ts';
import type { HealthStore } from './usecases/stores.ts';

/** What came with this release. */
const vendoredRoots = SEEDS.flatMap(({ name, trustedRoot }) =>
  trustedRoot === null ? [] : [{ name, ...trustedRoot }],
);

const USER_AGENT = 'pushwarden (+https://github.com/pushwarden/pushwarden)';

/** Everything an invocation works with, put together once per isolate. */
export type Services = ReturnType<typeof compose>;

// One per isolate: registry tokens and CI keys are kept in memory between requests.
const composed = new WeakMap<object, Services>();

/** The services of this isolate. @throws InvalidSettings */
export function servicesOf(env: Env): Services {
  const known = composed.get(env);
  if (known !== undefined) return known;
  const services = compose(env);
  composed.set(env, services);
  return services;
}

function compose(env: Env) {
  const settings = readSettings(env);
  const clock = createClock();
  const wakeups = createWakeups(env);
  // workerd: a bare `fetch` must keep its receiver.
  const boundFetch: typeof fetch = (input, init) => fetch(input, init);
  const outbound = { fetch: boundFetch, userAgent: USER_AGENT, clock: () => clock.now() };
  const github = { ...outbound, apiUrl: settings.githubApiUrl, token: settings.githubToken };
  const registry = createRegistry({
    ...outbound,
    endpoints: settings.registries,
    attestations: createAttestations({ ...github, bundleHosts: settings.githubBundleHosts }),
  });
  const mirrors = configuredMirrors(settings);
  const trustedRoots = createTrustedRootStore(env.DB, { vendored: vendoredRoots, mirrors });
  const signatures: SignatureDependencies = {
    registry,
    verifier: createSignatureVerifier(),
    roots: trustedRoots,
    runs: createCiRuns(github),
  };
  const mailer = mailerOf(env, settings);
  const slack = {
    apiUrl: settings.slackApiUrl,
    webhookHosts: settings.slackWebhookHosts,
    allowLoopbackHttp: settings.local,
    fetch: boundFetch,
  };
  return {
    settings,
    clock,
    wakeups,
    seal: createSeal(settings.encryptionKeys),
    registry,
    signatures,
    signingKeys: keyChecker,
    trustedRoots,
    checkTrustedRoot,
    tufMirrors: mirrors,
    tuf: createTufClient(outbound),
    mirrors: createMirrorStore(env.DB, () => trustedRoots.forget()),
    notifier: createNotifier({
      ...slack,
      discordHosts: settings.discordWebhookHosts,
      teamsHosts: settings.teamsWebhookHosts,
      standardHosts: settings.webhookHosts,
      mailer,
      now: () => clock.now(),
    }),
    eventSender: createEventSender({ ...outbound, hosts: settings.eventWebhookHosts, local: settings.local }),
    sendsEmail: mailer !== null,
    slackReplies: createSlackReplies(slack),
    bursts: createBurstStore(env.DB),
    digests: createDigestStore(env.DB),
    slackUsers: createSlackUserStore(env.DB),
    slackActions: createSlackActionStore(env.DB),
    tokens: ciTokens(settings, boundFetch),
    clockStore: createClockStore(env.DB),
    deliveries: createDeliveryStore(env.DB),
    checks: createCheckStore(env.DB, async () => void (await wakeups.notifications())),
    runs: createCiRunStore(env.DB),
    notifications: createNotificationStore(env.DB),
    health: wakingHealth(createHealthStore(env.DB), wakeups),
    sweeps: createSweepStore(env.DB),
    announcements: createAnnouncementStore(env.DB),
    repositories: createRepositoryStore(env.DB),
    hooks: createHookStore(env.DB),
    keys: createKeyStore(env.DB),
    channels: createChannelStore(env.DB),
    alerts: createAlertStore(env.DB),
    audit: createAuditStore(env.DB),
    events: createEventStore(env.DB),
    subscriptions: createSubscriptionStore(env.DB),
    exports: createExportStore(env.DB),
    history: createHistoryStore(env.DB),
    inbox: createInboxStore(env.DB),
    contents: createContentsStore(env.DB),
    comparisons: createComparisonStore(env.DB),
    pushPages: createPushPageStore(env.DB),
    hub: createDockerHub({ ...outbound, apiUrl: settings.dockerHubApiUrl }),
    hubSessions: new Map<string, HubSession>(),
    sources: createSourceStore(env.DB),
    sourceAdmin: createSourceAdminStore(env.DB),
    attributions: createAttributionStore(env.DB),
    reviews: createReviewStore(env.DB),
    credentials: createCredentialStore(env.DB),
    blastRadius: createBlastRadiusStore(env.DB),
    reportWriter: createReportWriter(),
    overview: createOverviewStore(env.DB),
    search: createSearchStore(env.DB),
    people: createPeopleStore(env.DB),
    sessions: createSessionStore(env.DB),
    signInLinks: createSignInLinkStore(env.DB),
    signInLimit: createRateLimiter(env.SIGN_IN_LIMIT, { limit: 20, periodSeconds: 60 }, clock),
    githubSignIn: settings.githubSignIn === null ? null : createGitHubSignIn({ ...github, ...settings.githubSignIn }),
    findGitHubAccount: (login: string) => findGitHubAccount(github, login),
    access: settings.access === null ? null : createAccessTokens({ ...settings.access, fetch: boundFetch }),
  };
}

/** E-mail needs the binding and an address to send from. */
function mailerOf(env: Env, { emailFrom }: Settings) {
  const { EMAIL: binding } = env;
  return binding === undefined || emailFrom === '' ? null : { binding, from: emailFrom };
}

/** Why a trusted root cannot be used, or `null`. */
function checkTrustedRoot(json: string): string | null {
  try {
    loadTrustedRoot(json);
    return null;
  } catch (error) {
    if (error instanceof InvalidTrustedRoot) return error.message;
    throw error;
  }
}

function configuredMirrors({ tufMirrors: configured }: Settings) {
  try {
    return tufMirrors(configured);
  } catch (error) {
    if (error instanceof TypeError) throw new InvalidSettings(`TUF_MIRRORS: ${error.message}`);
    throw error;
  }
}

/** The machine's time, plus what a local installation was advanced by. */
function createClock(): Clock & { offsetMs: number } {
  return {
    offsetMs: 0,
    now() {
      return Date.now() + this.offsetMs;
    },
  };
}

function createWakeups(env: Env): Wakeups {
  const taken = async (send: () => Promise<unknown>): Promise<boolean> => {
    try {
      await send();
      return true;
    } catch (error) {
      console.warn('a queue did not take a wake-up; cron will find the work', String(error));
      return false;
    }
  };
  return {
    async checks(messages, delaySeconds = 0) {
      let all = true;
      for (let n = 0; n < messages.length; n += 100) {
        const part = messages.slice(n, n + 100).map((body: CheckMessage) => ({ body }));
        all = (await taken(() => env.CHECKS.sendBatch(part, { delaySeconds }))) && all;
      }
      return all;
    },
    notifications: (delaySeconds = 0) => taken(() => env.NOTIFICATIONS.send({ deliver: true }, { delaySeconds })),
  };
}

/** A health alert that opens or closes has a message to send. */
function wakingHealth(store: HealthStore, wakeups: Wakeups): HealthStore {
  const waking =
    (change: HealthStore['raise']): HealthStore['raise'] =>
    async (teamId, fact, now) => {
      const isNews = await change(teamId, fact, now);
      if (isNews) await wakeups.notifications();
      return isNews;
    };
  return { raise: waking(store.raise), settle: waking(store.settle) };
}

/** Without an audience no CI token can be meant for this installation. */
function ciTokens(settings: Settings, boundFetch: typeof fetch): CiTokens {
  if (settings.oidcAudience === '') {
    return {
      verify: () =>
        Promise.reject(new InvalidCiToken('This installation has no PUBLIC_URL yet, so no token can be meant for it.')),
    };
  }
  try {
    return createCiTokens({ issuers: settings.oidcIssuers, audience: settings.oidcAudience, fetch: boundFetch });
  } catch (error) {
    if (error instanceof TypeError) throw new InvalidSettings(`OIDC_ISSUERS: ${error.message}`);
    throw error;
  }
}
