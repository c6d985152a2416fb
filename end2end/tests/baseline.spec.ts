import { cards, Dashboard, expectFigures, figures, latestRun, LONG, SHORT } from './dashboard.ts';
import { expect, hydrated, open, picture, test } from './journey.ts';

test('a baseline is measured, shown and kept', async ({ page, request, browser, baseURL }) => {
  const dashboard = await Dashboard.open(page);
  await picture(page, 'nothing-run-yet');
  const prompts = ['What is autism?', 'Name three rivers.', 'What are the symptoms?'];
  await dashboard.fill({ prompts, iterations: 1, maxTokens: 16 });
  await expect(page.locator('#estimate')).toHaveText(/^About (\d+ min )?\d+ s for 3 prompts/);
  await dashboard.runButton.click();

  await dashboard.reaches('running');
  await expect(dashboard.section.getByRole('progressbar')).toBeVisible();
  await picture(page, 'running');
  await dashboard.reaches('done');
  await picture(page, 'done');

  const run = await latestRun(request);
  expect(run.status).toBe('done');
  expect(run.spec.prompts).toEqual(prompts);
  expect(run.spec.settings).toMatchObject({ iterations: 1, max_tokens: 16 });
  expectFigures(await cards(page), figures(run));

  await test.step('the history leads to it', async () => {
    await open(page, '/runs');
    await page.getByRole('link', { name: `Run ${run.id}`, exact: true }).click();
    await expect(page).toHaveURL(`/runs/${run.id}`);
    await expect.poll(() => cards(page)).not.toEqual({});
    expectFigures(await cards(page), figures(run));
    await picture(page, 'its-page');
  });

  await test.step('its page tells the same without JavaScript', async () => {
    const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`/runs/${run.id}`);
    expectFigures(await cards(plain), figures(run));
    await expect(plain.locator('body')).toContainText('Name three rivers.');
    await picture(plain, 'its-page-without-javascript');
    await context.close();
  });

  await test.step('the dashboard still shows it on the next visit', async () => {
    await open(page, '/');
    expectFigures(await cards(page), figures(run));
    await expect(dashboard.prompt(2)).toHaveValue('Name three rivers.');
  });
});

test('a run is cancelled', async ({ page, request, server }) => {
  const dashboard = await Dashboard.open(page);
  await dashboard.start(LONG);
  await test.step('what its worker takes is shown meanwhile', async () => {
    const gauges = page.getByRole('group', { name: 'Live gauges' });
    for (const [id, unit] of [
      ['live-cpu', '% of the machine'],
      ['live-memory', 'MB resident'],
    ] as const) {
      const gauge = gauges.locator('.metric').filter({ has: page.locator(`#${id}`) });
      await expect(gauge.locator('strong')).toHaveText(/^[\d,]*\.?\d+$/);
      await expect(gauge.locator('.unit')).toHaveText(unit);
    }
  });
  await dashboard.cancelButton.click();
  await dashboard.reaches('cancelled');
  await picture(page, 'cancelled');
  expect((await latestRun(request)).status).toBe('cancelled');
  await expect.poll(() => server.workers(), 'the worker is gone').toEqual([]);
  await expect(dashboard.runButton).toBeEnabled();
});

test('a reload and a second tab follow a run to its end', async ({ page, context, request }) => {
  const dashboard = await Dashboard.open(page);
  await dashboard.start({ prompts: ['Tell me a story.'], iterations: 2, maxTokens: 200 });
  await page.reload();
  await hydrated(page);
  await expect(dashboard.section).toHaveAttribute('data-status', 'running');

  const second = await Dashboard.open(await context.newPage());
  await expect(second.section).toHaveAttribute('data-status', 'running');

  await dashboard.reaches('done');
  await second.reaches('done');
  const stored = figures(await latestRun(request));
  expectFigures(await cards(page), stored);
  expectFigures(await cards(second.page), stored);
});

test('more pages follow a run than a browser keeps connections', async ({ page, context }) => {
  // Pages of a headless browser all count as looked at.
  await context.addInitScript(() => {
    Object.defineProperty(document, 'hidden', { get: () => 'inBackground' in window });
  });
  const first = await Dashboard.open(page);
  await first.start(LONG);
  const hide = (tab: Dashboard) => tab.page.evaluate(() => Object.assign(window, { inBackground: true }));
  for (let n = 0; n < 6; n++) {
    const tab = await Dashboard.open(await context.newPage());
    await expect(tab.section).toHaveAttribute('data-status', 'running');
    await hide(tab);
  }
  await hide(first);

  const front = await Dashboard.open(await context.newPage());
  await expect(front.section).toHaveAttribute('data-status', 'running');
  await front.cancelButton.click();
  await front.reaches('cancelled');
  await expect(front.page.getByText('does not answer')).toHaveCount(0);

  await page.evaluate(() => Reflect.deleteProperty(window, 'inBackground'));
  await first.reaches('cancelled');
});

test('a killed worker fails its run and no other', async ({ page, request, server }) => {
  const dashboard = await Dashboard.open(page);
  await dashboard.start(LONG);
  await expect.poll(() => server.workers().length, 'a worker runs').toBe(1);
  for (const pid of server.workers()) process.kill(pid, 'SIGKILL');

  await dashboard.reaches('failed');
  await picture(page, 'failed');
  const failure = (await latestRun(request)).failure;
  expect(failure?.kind).toBe('worker_crashed');
  // Shown as a sentence: with a capital letter and a point.
  const sentence = dashboard.section.getByRole('alert');
  await expect(sentence).toContainText(failure?.message ?? 'a message', { ignoreCase: true });
  expect(failure?.message).toMatch(/SIGKILL|signal 9|killed/i);

  await test.step('the log is shown on demand', async () => {
    const log = dashboard.section
      .locator('details')
      .filter({ has: page.locator('summary', { hasText: /log/i }) });
    const lastLine = failure?.log_tail.findLast((line) => line.trim()) ?? 'a line of the log';
    await expect(log.getByText(lastLine).first()).toBeHidden();
    await log.locator('summary').click();
    await expect(log.getByText(lastLine).first()).toBeVisible();
  });

  await test.step('the next run succeeds', async () => {
    await dashboard.start(SHORT);
    await dashboard.reaches('done');
    expectFigures(await cards(page), figures(await latestRun(request)));
  });
});
