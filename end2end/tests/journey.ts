// What every journey stands on: a server of its own, and a browser that may
// not complain.

import { test as base, type BrowserContext, expect, type Page } from '@playwright/test';

import { Server } from './server.ts';

type Options = {
  /** The models that the server finds. */
  library: 'demo' | 'empty';
  /** Complaints that belong to the journey, such as that of a page not found. */
  expectedComplaints: RegExp[];
};

type Fixtures = {
  server: Server;
  quietBrowser: void;
};

export const test = base.extend<Options & Fixtures & { started: [Server, string] }>({
  library: ['demo', { option: true }],
  expectedComplaints: [[], { option: true }],

  started: async ({ library }, use, testInfo) => {
    const [server, url] = await Server.start(library);
    await use([server, url]);
    await server.stop();
    if (testInfo.status !== testInfo.expectedStatus) {
      await testInfo.attach('server output', { body: server.output, contentType: 'text/plain' });
    }
  },
  server: async ({ started }, use) => use(started[0]),
  baseURL: async ({ started }, use) => use(started[1]),

  // Any warning, error or violation of the content policy fails the journey: a
  // broken hydration shows itself first in the console.
  quietBrowser: [
    async ({ context, expectedComplaints }, use) => {
      const complaints = await listen(context);
      await use();
      const unexpected = complaints.filter((text) => !expectedComplaints.some((e) => e.test(text)));
      expect(unexpected, 'the browser complained').toEqual([]);
    },
    { auto: true },
  ],
});

/** Collects what the pages of `context` complain about. */
async function listen(context: BrowserContext): Promise<string[]> {
  const complaints: string[] = [];
  context.on('console', (message) => {
    const type = message.type();
    if (type !== 'error' && type !== 'warning') return;
    complaints.push(`${type}: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error().message}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return complaints;
}

/** Opens `path` and waits until the page answers to clicks. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('body')).toHaveAttribute('data-hydrated', 'true');
}

/**
 * Leaves a picture of the whole page in the test's results, for who wants to look at it:
 * where `PICTURES` is set. Nothing is asked of it, and a failure leaves one anyway.
 */
export async function picture(page: Page, name: string): Promise<void> {
  // A page behind another is drawn once in seconds, and so is all that waits for that.
  await page.bringToFront();
  if (!process.env.PICTURES) return;
  await page.screenshot({ path: test.info().outputPath(`${name}.png`), fullPage: true });
}

export { expect } from '@playwright/test';
