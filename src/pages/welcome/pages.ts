import type { PageRoute } from '../page.ts';
import { welcomeForm, welcomePage } from './propose.tsx';
import { channelForm } from './slack.tsx';
import { testForm, waitingPage } from './waiting.tsx';
import { rotateForm } from './webhook.tsx';

export const welcomePages: readonly PageRoute[] = [
  { method: 'get', path: '/welcome', right: 'watch-images', run: welcomePage },
  { method: 'post', path: '/welcome', right: 'watch-images', run: welcomeForm },
  { method: 'get', path: '/welcome/:id', right: 'watch-images', run: waitingPage },
  { method: 'post', path: '/welcome/:id/secret', right: 'watch-images', run: rotateForm },
  { method: 'post', path: '/welcome/:id/channel', right: 'watch-images', run: channelForm },
  { method: 'post', path: '/welcome/:id/test', right: 'watch-images', run: testForm },
];
