import type { PartStatus, SourcePart } from '../domain/source.ts';

const PARTS: Readonly<Record<SourcePart, string>> = {
  'personal-tokens': 'personal tokens',
  'organization-tokens': 'organization tokens',
  'audit-log': 'audit log',
};

/** What to do about a part that does not answer; `null`: nothing. */
export function sourceAdvice(part: SourcePart, { state }: PartStatus): string | null {
  switch (state) {
    case 'unread':
    case 'off':
    case 'ok':
      return null;
    case 'signed-out':
      return 'The login was revoked, has expired or is wrong. Make a new token and give it with PATCH /api/v1/sources/{id}.';
    case 'forbidden':
      return part === 'audit-log'
        ? 'The login may not read the audit log: use an owner, or an organization token with scope-activity-read.'
        : `The login may not read the ${PARTS[part]}: use a personal token of an owner.`;
    case 'not-on-plan':
      return 'The plan of this account does not have it. Without it, attribution goes by last-used times; it is asked again every day.';
    case 'waiting':
      return 'Docker Hub asked us to wait. Nothing to do, unless it lasts.';
    case 'failing':
      return 'Docker Hub does not answer in a way we understand. Nothing to do, unless it lasts.';
  }
}
