/**
 * What an audit log can tell of, by group, as `GET /v2/auditlogs/{account}/actions` lists it; a row has the group's name
 * before the action's: `repo.tag.push`.
 * @see https://docs.docker.com/reference/api/hub/latest/#tag/audit-logs
 */
const GROUPS = {
  repo: {
    label: 'Repository',
    actions: {
      create: 'Repository Created',
      update: 'Repository Updated',
      delete: 'Repository Deleted',
      change_privacy: 'Privacy Changed',
      'category.updated': 'Categories updated',
      'immutable.tags.updated': 'Tag immutability updated',
      'tag.push': 'Tag Pushed',
      'tag.delete': 'Tag Deleted',
    },
  },
  org: {
    label: 'Organization',
    actions: {
      create: 'Organization Created',
      'member.add': 'Organization Member Added',
      'member.remove': 'Organization Member Removed',
      'member.role.change': 'Member Role Changed',
      'member.invite.send': 'Org Member Invited',
      'team.create': 'Team Created',
      'team.delete': 'Team Deleted',
      'team.member.add': 'Team Member Added',
      'team.member.remove': 'Team Member Removed',
      'settings.update': 'Organization Settings Updated',
      'access_token.create': 'Access token created',
      'access_token.update': 'Access token updated',
      'access_token.delete': 'Access token deleted',
      'customrole.create': 'Custom role created',
    },
  },
  oidc: {
    label: 'OIDC',
    actions: {
      'connection.create': 'OIDC connection created',
      'connection.update': 'OIDC connection updated',
      'connection.delete': 'OIDC connection deleted',
    },
  },
  enterprise: {
    label: 'Enterprise',
    actions: {
      'sso.connection.create': 'Create SSO Connection',
      'sso.connection.delete': 'Delete SSO Connection',
      'sso.connection.enforcement_toggle': 'Enforce SSO',
    },
  },
  billing: {
    label: 'Billing',
    actions: { 'plan.upgrade': 'Plan Upgraded', 'plan.downgrade': 'Plan Downgraded' },
  },
  offload: { label: 'Offload', actions: { 'lease.start': 'Offload lease start', 'lease.end': 'Offload lease end' } },
} as const;

type Groups = typeof GROUPS;
/** An action as a row has it. */
export type HubAction = {
  [Group in keyof Groups]: `${Group}.${keyof Groups[Group]['actions'] & string}`;
}[keyof Groups];

export function actionGroups(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(GROUPS).map(([group, { label, actions }]) => [
      group,
      {
        actions: Object.entries(actions).map(([name, text]) => ({ name, description: text, label: text })),
        label,
      },
    ]),
  );
}
