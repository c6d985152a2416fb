// Every state of the pages, brought about on a real server and looked at.

import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { Dashboard, latestRun, LONG, SHORT } from './dashboard.ts';
import { expect, hydrated, open, picture, test as journey } from './journey.ts';
import { expectReachable, expectStill, expectWhole, inspect } from './look.ts';
import { Server } from './server.ts';

// One server for all of them.
const test = journey.extend<object, { shared: [Server, string] }>({
  shared: [
    async ({}, use) => {
      const [server, url] = await Server.start('demo');
      await use([server, url]);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  started: async ({ shared }, use) => use(shared),
});
// Pictures are taken anyway; a trace of them takes longer than all the rest.
test.use({ trace: 'off' });

journey.describe('without a model', () => {
  journey.use({ library: 'empty' });

  journey('every page says what is missing', async ({ page }) => {
    await open(page, '/');
    await inspect(page, 'no-model');
    await open(page, '/models');
    await inspect(page, 'no-models');
    await open(page, '/runs');
    await inspect(page, 'no-runs');
  });
});

journey('after the history was damaged', async ({ page, server, baseURL }) => {
  await server.kill();
  const history = join(server.dataDir, 'whittle.db');
  for (const journal of ['-wal', '-shm']) rmSync(history + journal, { force: true });
  writeFileSync(history, 'no history '.repeat(1000));
  await server.restart(baseURL ?? '');
  await open(page, '/');
  const notices = page.getByRole('list', { name: 'Warnings' });
  await expect(notices).toContainText('It was set aside as');
  await inspect(page, 'history-set-aside');
});

test('before and after a run', async ({ page, browser, baseURL }) => {
  const dashboard = await Dashboard.open(page);
  await inspect(page, 'nothing-run-yet');
  await dashboard.start(SHORT);
  await dashboard.reaches('done');
  await inspect(page, 'done');
  await test.step('by keyboard', () => expectReachable(page));

  for (const summary of await page.locator('summary').all()) {
    const details = summary.locator('..');
    if ((await details.getAttribute('open')) === null) await summary.click();
  }
  await expect(page).toHaveURL('/');
  await expect(page.getByLabel('Flash attention')).toBeVisible();
  await inspect(page, 'done-all-unfolded');

  for (const [path, name] of [
    ['/runs/1', 'run-page'],
    ['/runs', 'history'],
    ['/models', 'models'],
    ['/settings', 'settings'],
  ] as const) {
    await open(page, path);
    await inspect(page, name);
    await test.step(`${name} by keyboard`, () => expectReachable(page));
  }

  await test.step('at 200 % zoom', async () => {
    const zoom = { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 };
    const context = await browser.newContext({ baseURL, ...zoom });
    const zoomed = await context.newPage();
    for (const path of ['/', '/runs/1', '/runs', '/models', '/settings']) {
      await open(zoomed, path);
      await expectWhole(zoomed, `${path} at 200 %`);
      await picture(zoomed, `zoomed${path.replaceAll('/', '-')}`);
    }
    await context.close();
  });
});

test('while a run is measured and another waits', async ({ page, request }) => {
  const dashboard = await Dashboard.open(page);
  // Each launch must generate for longer than Playwright waits between two looks.
  await dashboard.start({ ...LONG, maxTokens: 250 });
  await expect(page.getByRole('table')).toContainText('Iteration 1', { timeout: 120_000 });
  await expect(page.locator('#live-tokens-per-second')).toHaveText(/\d/);
  await inspect(page, 'running');
  await test.step('by keyboard', () => expectReachable(page));
  await test.step('with reduced motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await expectStill(page);
    await page.emulateMedia({ reducedMotion: null });
  });

  const waiting = (await (await request.post('/api/runs', { data: {} })).json()) as { id: number };
  await open(page, `/runs/${waiting.id}`);
  await expect(page.getByRole('status').first()).toContainText(/next in line/);
  await inspect(page, 'queued');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('#baseline')).toHaveAttribute('data-status', 'cancelled');

  await open(page, '/');
  await dashboard.cancelButton.click();
  await dashboard.reaches('cancelled');
  await inspect(page, 'cancelled');
});

test('after a worker was killed', async ({ page, server }) => {
  const dashboard = await Dashboard.open(page);
  await dashboard.start(LONG);
  await expect.poll(() => server.workers().length, 'a worker runs').toBe(1);
  for (const pid of server.workers()) process.kill(pid, 'SIGKILL');
  await dashboard.reaches('failed');
  await dashboard.section.locator('summary', { hasText: 'log' }).click();
  await inspect(page, 'failed');
});

test('after a run that other programs disturbed', async ({ page }) => {
  const dashboard = await Dashboard.open(page);
  const others = Array.from({ length: Math.ceil(cpus().length / 4) }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    // Long enough for what they use to be measured.
    await dashboard.fill({ ...SHORT, maxTokens: 128 });
    // Two that wait for each other crawl beside them.
    await page.getByLabel(/^Threads/).fill('1');
    await dashboard.runButton.click();
    await dashboard.reaches('running');
    await dashboard.reaches('done');
  } finally {
    for (const other of others) other.kill();
  }
  const note = page.getByRole('note', { name: 'Unstable' });
  await expect(note).toContainText('Other programs used');
  await inspect(page, 'unstable');
});

test('while the machine is busy with something else', async ({ page }) => {
  const holder = await holdMachine();
  try {
    const dashboard = await Dashboard.open(page);
    // Of a model whose sizes nobody asked for: they are meanwhile, and no refusal of that
    // is in the console.
    await page.locator('#model').selectOption({ index: 1 });
    await expect(page.getByText(/^A size that is not known yet .* it is busy with/)).toBeVisible();
    await dashboard.fill(SHORT);
    await dashboard.runButton.click();
    await expect(page.getByRole('status').first()).toContainText(/machine is busy with/);
    await inspect(page, 'waiting-for-the-machine');
    await dashboard.cancelButton.click();
    await dashboard.reaches('cancelled');
  } finally {
    holder.kill();
  }
});

/** Takes the lock that keeps measurements on this machine apart. */
async function holdMachine(): Promise<ChildProcess> {
  const lock = `/tmp/whittle-measuring-${process.getuid?.() ?? 0}.lock`;
  // Through Python, which the set-up asks for: macOS has no flock command.
  const program = `
import fcntl, sys, time
lock = open(sys.argv[1], "a")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)`;
  const holder = spawn('python3', ['-c', program, lock], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve, reject) => {
    holder.stdout.once('data', resolve);
    holder.once('exit', () => reject(new Error(`${lock} could not be taken`)));
  });
  return holder;
}

test.describe('where the browser itself complains', () => {
  // Chromium writes every failed request into the console.
  test.use({ expectedComplaints: [/status of 404|net::ERR_/] });

  test('at addresses where there is nothing', async ({ page }) => {
    await open(page, '/no-such-page');
    await inspect(page, 'page-not-found');
    await open(page, '/runs/999999');
    await inspect(page, 'no-such-run');
  });

  test('when the server is gone and comes back', async ({ page, context, server, baseURL, request }) => {
    const url = baseURL ?? '';
    const dashboard = await Dashboard.open(page);
    const history = await context.newPage();
    await open(history, '/runs');
    await page.bringToFront();
    await dashboard.start(LONG);
    await expect(page.locator('#live-tokens-per-second')).toHaveText(/\d/);

    await server.kill();
    for (const left of [page, history]) await expectOffline(left, true);
    await inspect(page, 'offline-while-running');
    await inspect(history, 'offline');

    await server.restart(url);
    await dashboard.reaches('interrupted');
    for (const left of [page, history]) await expectOffline(left, false);
    await inspect(page, 'interrupted');
    expect((await latestRun(request)).status).toBe('interrupted');

    await open(page, '/runs');
    await hydrated(page);
    await inspect(page, 'history-of-every-end');
  });
});

async function expectOffline(page: Page, isOffline: boolean): Promise<void> {
  const note = page.getByText('Whittle does not answer');
  await (isOffline ? expect(note).toBeVisible() : expect(note).toBeHidden());
}
