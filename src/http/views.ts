import type * as z from 'zod';
import { type AlertFacts, isWatchAlert, type WatchAlertFacts } from '../domain/alert.ts';
import type { CiVouch } from '../domain/evidence.ts';
import { formatImageName } from '../domain/reference.ts';
import { shownAttribution } from '../domain/shown-attribution.ts';
import type { Settings } from '../settings.ts';
import type { ChannelSummary } from '../store/channels.ts';
import type { DeliveryRecord } from '../store/delivery-rows.ts';
import type { PushRecord } from '../store/history.ts';
import type { AlertRecord } from '../store/inbox.ts';
import type { RepositoryRecord } from '../store/repositories.ts';
import { iso, isoOrNull } from './schemas/common.ts';
import { policyWarnings } from './schemas/policy.ts';
import type { alertAnswer, channelAnswer, deliveryAnswer, pushAnswer, repositoryAnswer } from './schemas/records.ts';
import { signatureView } from './signature-views.ts';

/** Rows of the database as the API writes them. */

export function repositoryView(record: RepositoryRecord): z.input<typeof repositoryAnswer> {
  return {
    id: record.id,
    image: formatImageName(record.image),
    provider: record.provider,
    hook: record.hook.id,
    policy: record.policy,
    alertChannel: record.channel,
    createdAt: iso(record.createdAt),
    baseline: { state: record.baselineAt === null ? 'reading' : 'done', tags: record.tags },
    sweptAt: isoOrNull(record.sweptAt),
    sweepFailures: record.sweepFailures,
    missedWebhooks: record.missedWebhooks,
    warnings: policyWarnings(record.policy),
  };
}

export function pushView(record: PushRecord): z.input<typeof pushAnswer> {
  return {
    id: `${record.repository}-${record.seq}`,
    image: record.image,
    tag: record.tag,
    digest: record.digest,
    kind: record.kind,
    origin: record.origin,
    receivedAt: iso(record.receivedAt),
    pushedAt: isoOrNull(record.pushedAt),
    confirmedAt: isoOrNull(record.confirmedAt),
    pusher: record.pusher,
    attribution: attributionView(record),
    previousDigest: record.previousDigest,
    foldedInto: record.foldedInto,
    verdict: record.verdict,
    findings: record.findings.map((finding) => ({ ...finding })),
    wants: [...(record.evidence?.wants ?? [])],
    evidence: evidenceView(record.evidence),
    alert: record.alertId === null ? null : `A-${record.alertId}`,
    nextCheckAt: isoOrNull(record.nextCheckAt),
  };
}

function attributionView({ attribution, actorId, origin }: PushRecord): z.input<typeof pushAnswer>['attribution'] {
  const { strength, by, credentials } = shownAttribution(attribution, actorId, origin);
  return { strength, by, credentials: credentials.map((id) => `C-${id}`) };
}

function evidenceView(kept: PushRecord['evidence']): unknown {
  const evidence = kept?.ci ? { ...kept, ci: { ...kept.ci, strength: strengthOf(kept.ci) } } : kept;
  const signatures = evidence?.signatures ?? null;
  // Rows written before signatures were verified hold another shape.
  if (signatures === null || !Array.isArray(signatures.found)) return evidence;
  const { trust: _, ...rest } = signatures;
  return { ...evidence, signatures: { ...rest, found: signatures.found.map(signatureView) } };
}

/** A run in progress says that a release job ran, not that it made this push. */
const strengthOf = ({ how }: CiVouch): 'strong' | 'weak' => (how === 'concurrent' ? 'weak' : 'strong');

export function deliveryView(record: DeliveryRecord): z.input<typeof deliveryAnswer> {
  const { key, receivedAt, ...rest } = record;
  return { id: key, receivedAt: iso(receivedAt), ...rest };
}

export function alertView({ facts, ...record }: AlertRecord): z.input<typeof alertAnswer> {
  return {
    id: `A-${record.id}`,
    repository: record.repository === 0 ? null : record.repository,
    ...(isWatchAlert(facts) ? watchFactsView(facts) : pushFactsView(facts)),
    state: record.state,
    openedAt: iso(record.openedAt),
    updatedAt: iso(record.updatedAt),
    acknowledgedBy: record.acknowledgedBy,
    acknowledgedAt: isoOrNull(record.acknowledgedAt),
    closedAt: isoOrNull(record.closedAt),
    closedBy: record.closedBy,
    resolution: record.resolution,
    reason: record.reason,
    severity: record.severity,
    burst: record.burst === null ? null : `B-${record.burst}`,
    remindAt: isoOrNull(record.remindAt),
  };
}

const pushFactsView = (facts: AlertFacts) => ({
  about: 'push' as const,
  credential: null,
  image: facts.image,
  tags: [...facts.tags],
  digest: facts.digest,
  previousDigest: facts.previous,
  safe: facts.safe,
  findings: facts.findings.map((finding) => ({ ...finding })),
  pusher: facts.pusher,
  push: facts.push,
});

const watchFactsView = ({ about, credential, findings }: WatchAlertFacts) => ({
  about,
  credential: credential === null ? null : `C-${credential.id}`,
  image: null,
  tags: [],
  digest: null,
  previousDigest: null,
  safe: null,
  findings: findings.map((finding) => ({ ...finding })),
  pusher: null,
  push: null,
});

export function channelView(
  channel: ChannelSummary,
  { publicUrl, slackSigningSecret }: Pick<Settings, 'publicUrl' | 'slackSigningSecret'>,
): z.input<typeof channelAnswer> {
  const { id, name, kind, forAlerts, forHealth, refused, createdAt, minSeverity, anyoneMayAcknowledge } = channel;
  const isSlack = kind === 'slack-webhook' || kind === 'slack-bot';
  const path = channel.signed ? `/slack/interactions/${id}` : slackSigningSecret === '' ? null : '/slack/interactions';
  return {
    id,
    name,
    kind,
    default: forAlerts,
    health: forHealth,
    minSeverity,
    interactions: isSlack && path !== null ? `${publicUrl}${path}` : null,
    anyoneMayAcknowledge,
    refused,
    createdAt: iso(createdAt),
  };
}
