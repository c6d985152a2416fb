import { defineConfig } from '@playwright/test';

import { launchOptions } from './browser.mjs';

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
    launchOptions,
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    // Without its film of every frame, which takes from what is measured, and its copy of
    // the page before and after every step: how the page stood at the end is kept anyway.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: false },
  },
});
