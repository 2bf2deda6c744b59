import { createDockerHub } from './dockerhub/client.ts';
import { createTagUpdaters } from './dockerhub/tag-updaters.ts';
import { createEventSender } from './events/sender.ts';
import { createAttestations } from './github/attestations.ts';
import { createCiRuns } from './github/runs.ts';
import { createGitHubSignIn, findGitHubAccount } from './github/sign-in.ts';
import { createHookSecrets } from './hook-secrets.ts';
import { createReportWriter } from './notify/blast-radius.ts';
import { createNotifier } from './notify/notifier.ts';
import { createSlackReplies } from './notify/slack-replies.ts';
import { sourceAdvice } from './notify/source-words.ts';
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
import { createCredentialListStore } from './store/credential-lists.ts';
import { createCredentialPageStore } from './store/credential-page.ts';
import { createCredentialStore } from './store/credentials.ts';
import { createDeliveryStore } from './store/deliveries.ts';
import { createDigestPageStore } from './store/digest-page.ts';
import { createDigestStore } from './store/digests.ts';
import { createEventStore } from './store/event-outbox.ts';
import { createSubscriptionStore } from './store/event-subscriptions.ts';
import { createExportStore } from './store/exports.ts';
import { createFirstStepStore } from './store/first-steps.ts';
import { createHealthStore, type HealthThatPasses } from './store/health.ts';
import { createHealthPageStore } from './store/health-page.ts';
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
import { createRepositoryListStore } from './store/repository-list.ts';
import { createRepositoryPageStore } from './store/repository-pages.ts';
import { createReviewStore } from './store/reviews.ts';
import { createRuleStore } from './store/rules.ts';
import { createSearchStore } from './store/search.ts';
import { createSessionStore } from './store/sessions.ts';
import { createSignInLinkStore } from './store/sign-in-links.ts';
import { createSlackActionStore } from './store/slack-actions.ts';
import { createSlackUserStore } from './store/slack-users.ts';
import { createSourceAdminStore } from './store/source-admin.ts';
import { createSourceStore } from './store/sources.ts';
import { createSweepStore } from './store/sweeps.ts';
import { createTagPageStore } from './store/tag-page.ts';
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
  const seal = createSeal(settings.encryptionKeys);
  const mailer = mailerOf(env, settings);
  const health = wakingHealth(createHealthStore(env.DB), wakeups);
  const limiter = (name: string, limit: number) => createRateLimiter(env[name], { limit, periodSeconds: 60 }, clock);
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
    seal,
    hookSecrets: createHookSecrets(seal),
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
    health,
    sweeps: createSweepStore(env.DB),
    firstSteps: createFirstStepStore(env.DB),
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
    tagUpdaters: createTagUpdaters({ ...outbound, apiUrl: settings.dockerHubApiUrl }),
    hubSessions: new Map<string, HubSession>(),
    sources: createSourceStore(env.DB),
    sourceAdmin: createSourceAdminStore(env.DB),
    attributions: createAttributionStore(env.DB),
    reviews: createReviewStore(env.DB),
    credentials: createCredentialStore(env.DB),
    credentialLists: createCredentialListStore(env.DB),
    credentialPage: createCredentialPageStore(env.DB),
    healthPage: createHealthPageStore(env.DB),
    blastRadius: createBlastRadiusStore(env.DB),
    reportWriter: createReportWriter(),
    sourceAdvice,
    overview: createOverviewStore(env.DB),
    search: createSearchStore(env.DB),
    repositoryList: createRepositoryListStore(env.DB),
    repositoryPages: createRepositoryPageStore(env.DB),
    tagPage: createTagPageStore(env.DB),
    digestPage: createDigestPageStore(env.DB),
    rules: createRuleStore(env.DB),
    people: createPeopleStore(env.DB),
    sessions: createSessionStore(env.DB),
    signInLinks: createSignInLinkStore(env.DB),
    signInLimit: limiter('SIGN_IN_LIMIT', 20),
    // A release of 60 multi-arch tags in each of five repositories behind one webhook is 60 x 5 x 14 = 4,200 requests. One
    // address gets no more than half of what its hook may: a flood must not use up what the registry needs.
    webhookSenderLimit: limiter('WEBHOOK_SENDER_LIMIT', 5000),
    webhookLimit: limiter('WEBHOOK_LIMIT', 10_000),
    // A matrix of a hundred jobs that each announce three phases, twice over.
    announcementLimit: limiter('ANNOUNCEMENT_LIMIT', 600),
    strangerLimit: limiter('STRANGER_LIMIT', 100),
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
function wakingHealth(store: HealthStore & HealthThatPasses, wakeups: Wakeups): HealthStore & HealthThatPasses {
  const waking =
    <A extends readonly unknown[]>(change: (...args: A) => Promise<boolean>) =>
    async (...args: A): Promise<boolean> => {
      const isNews = await change(...args);
      if (isNews) await wakeups.notifications();
      return isNews;
    };
  return {
    raise: waking(store.raise),
    settle: waking(store.settle),
    settleQuiet: waking(store.settleQuiet),
  };
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
