import { type Browser, chromium } from 'playwright-core';

/** Debian's, unless told otherwise. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Nothing but what is asked of it: no updates, no look-ups, no metrics. Without a sandbox it runs as root, too. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real Chromium without a window. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGUMENTS });
}

export const WIDTHS = [390, 1280] as const;
export const SCHEMES = ['light', 'dark'] as const;
