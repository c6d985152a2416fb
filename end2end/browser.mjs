// How Chromium is started, by the journeys and by the measuring commands.

import { existsSync } from 'node:fs';

// Playwright's own browser is used where the system has none.
const chromium = process.env.WHITTLE_CHROMIUM ?? '/usr/bin/chromium';

const args = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  // No talk with its maker: it would fail on a closed network, and be heard.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
// Chromium's sandbox does not start for root.
if (process.getuid?.() === 0) args.push('--no-sandbox');

export const launchOptions = {
  args,
  ...(existsSync(chromium) ? { executablePath: chromium } : {}),
};
