import type { PageRoute } from '../page.ts';
import { channelPage } from './channel.tsx';
import {
  addChannelForm,
  assignImage,
  removeChannel,
  replaceAddress,
  saveChannel,
  testChannelForm,
} from './channel-forms.tsx';
import { newChannelPage } from './channel-new.tsx';
import { channelsPage } from './channels.tsx';
import { giveRoot, issuersPage, removeRoot } from './issuers.tsx';
import { createKey, keysPage, revokeKey } from './keys.tsx';
import { retentionPage } from './retention.tsx';
import { endSession, sessionsPage } from './sessions.tsx';
import { connectForm, loginForm, pollForm, removeForm } from './source-forms.ts';
import { sourcesPage } from './sources.tsx';
import { teamPage } from './team.tsx';
import { changeRole, giveLink, invite, removeMember, switchTeam, withdraw } from './team-forms.tsx';

export const settingsPages: readonly PageRoute[] = [
  { method: 'get', path: '/settings', right: 'see', run: teamPage },
  { method: 'post', path: '/settings/team', right: 'see', run: switchTeam },
  { method: 'post', path: '/settings/invitations', right: 'manage-team', run: invite },
  { method: 'post', path: '/settings/invitations/:id/withdraw', right: 'manage-team', run: withdraw },
  { method: 'post', path: '/settings/members/:id/role', right: 'manage-team', run: changeRole },
  { method: 'post', path: '/settings/members/:id/link', right: 'manage-team', run: giveLink },
  { method: 'post', path: '/settings/members/:id/remove', right: 'manage-team', run: removeMember },
  { method: 'get', path: '/settings/keys', right: 'manage-team', run: keysPage },
  { method: 'post', path: '/settings/keys', right: 'manage-team', run: createKey },
  { method: 'post', path: '/settings/keys/:id/revoke', right: 'manage-team', run: revokeKey },
  { method: 'get', path: '/settings/channels', right: 'see', run: channelsPage },
  { method: 'get', path: '/settings/channels/new', right: 'manage-team', run: newChannelPage },
  { method: 'post', path: '/settings/channels', right: 'manage-team', run: addChannelForm },
  { method: 'get', path: '/settings/channels/:id', right: 'manage-team', run: channelPage },
  { method: 'post', path: '/settings/channels/:id', right: 'manage-team', run: saveChannel },
  { method: 'post', path: '/settings/channels/:id/address', right: 'manage-team', run: replaceAddress },
  { method: 'post', path: '/settings/channels/:id/images', right: 'manage-team', run: assignImage },
  { method: 'post', path: '/settings/channels/:id/test', right: 'manage-team', run: testChannelForm },
  { method: 'post', path: '/settings/channels/:id/remove', right: 'manage-team', run: removeChannel },
  { method: 'get', path: '/settings/issuers', right: 'see', run: issuersPage },
  // 128 KiB, as a browser writes them into a form.
  { method: 'post', path: '/settings/issuers/roots', right: 'manage-team', maxForm: 256 * 1024, run: giveRoot },
  { method: 'post', path: '/settings/issuers/roots/:name/remove', right: 'manage-team', run: removeRoot },
  { method: 'get', path: '/settings/retention', right: 'see', run: retentionPage },
  { method: 'get', path: '/settings/sessions', right: 'see', run: sessionsPage },
  { method: 'post', path: '/settings/sessions/:id/end', right: 'see', run: endSession },
  { method: 'get', path: '/settings/sources', right: 'see', run: sourcesPage },
  { method: 'post', path: '/settings/sources', right: 'manage-team', run: connectForm },
  { method: 'post', path: '/settings/sources/:id/poll', right: 'manage-team', run: pollForm },
  { method: 'post', path: '/settings/sources/:id/login', right: 'manage-team', run: loginForm },
  { method: 'post', path: '/settings/sources/:id/remove', right: 'manage-team', run: removeForm },
];
