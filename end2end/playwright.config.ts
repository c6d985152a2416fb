import { existsSync } from 'node:fs';

import { defineConfig } from '@playwright/test';

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

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  // One journey at a time: only one run may be measured on a machine.
  workers: 1,
  fullyParallel: false,
  // A journey that passes on the second try is a bug, here or in Whittle.
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: {
      args,
      ...(existsSync(chromium) ? { executablePath: chromium } : {}),
    },
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
});
