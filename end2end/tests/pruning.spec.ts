import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { SHORT } from './dashboard.ts';
import { expect, open, picture, test } from './journey.ts';
import { expectReachable, expectWhole, inspect } from './look.ts';
import { latestPruned, Pruning, reportOf } from './pruning.ts';
import { expectVariant } from './quantization.ts';

test('by width: chosen, forecast, made, checked, measured and shown, then quantized', async ({
  page,
  browser,
  baseURL,
  server,
}) => {
  test.setTimeout(1_200_000);
  const [dashboard, pruning] = await Pruning.open(page);
  await expect(page.locator('#pruning-teaching')).toBeVisible();
  await dashboard.fill({ ...SHORT, maxTokens: 32 });
  await test.step('the slider shows its figure, and goes by steps of five', async () => {
    await expect(pruning.ratio).toHaveValue('30');
    await pruning.ratio.press('ArrowLeft');
    await expect(pruning.section.locator('output')).toHaveText('25 %');
    await pruning.ratio.press('Home');
    await expect(pruning.section.locator('output')).toHaveText('10 %');
    await pruning.ratio.fill('30');
    await expect(pruning.section.locator('output')).toHaveText('30 %');
  });
  await expect(pruning.forecast).toContainText(/Predicted: (29|30|31)\.\d % of the blocks' weights go/);
  const predicted = /→ ([\d.]+) MB/.exec((await pruning.forecast.textContent()) ?? '')?.[1];
  await inspect(page, 'pruning-form');

  await expect(pruning.quality).toBeChecked();
  await pruning.section.getByLabel('Chunks', { exact: true }).fill('2');
  await pruning.start();
  const status = pruning.section.getByRole('status').first();
  await expect(status).toContainText('Pruning — pruned 30 %: calibrating', { timeout: 60_000 });
  await expect(pruning.section.locator('.time-left')).toContainText(/layer \d+ of 30 · about .* left/, {
    timeout: 120_000,
  });
  await picture(page, 'calibrating');
  await expect(status).toContainText('checking', { timeout: 600_000 });
  await pruning.reaches('done');

  const run = await latestPruned(page);
  expect(run.technique).toBe('pruning');
  expect(run.spec.recipes).toEqual([{ prune: { method: 'width', ratio: 0.3, quick: false, loss_budget: null }, quantize: null }]);
  const report = reportOf(run);
  expect(Math.abs(report.cut.achieved_pruning_ratio - 0.3)).toBeLessThanOrEqual(0.01);
  expect(run.arms[1]?.model.size_bytes).toBe(report.cut.bytes_after);
  expect((report.cut.bytes_after / 1e6).toFixed(1)).toBe(predicted);
  await expectVariant(pruning.section, run as never, 0);
  const size = pruning.section.locator('tr[data-quantity="model_size"]');
  await expect(size).toHaveAttribute('data-verdict', 'better');
  await expect(size.locator('.claim')).toHaveText('30 % smaller');
  await expect(pruning.section.getByRole('heading', { name: 'What was removed where' })).toBeVisible();
  await expect(pruning.section.locator('.removed .slot')).toHaveCount(30);
  await expect(pruning.section.getByRole('table', { name: /^Before and after/ })).toContainText(
    `${(report.cut.achieved_pruning_ratio * 100).toFixed(1)} % less`,
  );
  await expect(pruning.section.locator('.pair').first()).toBeVisible();
  await inspect(page, 'pruned');
  await test.step('by keyboard', () => expectReachable(page));

  await test.step('the trade-off of all that was measured', async () => {
    const card = page.locator('#trade-offs');
    const row = card.locator('tr[data-variant="pruned-30"]');
    await expect(row).toContainText(`Run ${run.id}`);
    await expect(row.locator('.change')).toContainText(/better|worse|no difference|undecided/);
    await expect(card.getByRole('img', { name: /^Size against quality/ })).toHaveCount(1);
  });

  await test.step('the Models page says what was pruned', async () => {
    await open(page, '/models');
    const row = page.getByRole('table', { name: /^Variants of/ }).locator('tbody').first();
    await expect(row).toContainText("of the blocks' weights removed");
    await row.getByText('What was pruned').click();
    await expect(row.locator('.removed .slot')).toHaveCount(30);
    await inspect(page, 'pruned-models');
  });

  await test.step('its page tells the same without JavaScript, and on a phone', async () => {
    const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`/runs/${run.id}`);
    await expect(plain.locator('#pruning .removed .slot')).toHaveCount(30);
    await context.close();
    await page.setViewportSize({ width: 320, height: 640 });
    await open(page, `/runs/${run.id}`);
    await expectWhole(page, 'a pruned run at 320 px');
    await picture(page, 'pruned-320');
    await open(page, '/runs');
    // As cards, rows have no heading row among them.
    await expect(page.getByRole('row', { name: /^Run / }).first()).toContainText('Pruning: pruned 30 %');
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  await test.step('then quantized: one recipe and one file more, of what was pruned already', async () => {
    const files = () => readdirSync(join(server.dataDir, 'variants')).filter((file) => file.endsWith('.gguf'));
    const before = files();
    await open(page, '/');
    await pruning.quality.uncheck();
    await pruning.then.selectOption('q8_0');
    await expect(pruning.forecast).toContainText(/Then Q8_0: about [\d.]+ MB/);
    await pruning.start();
    await pruning.reaches('done');
    const both = await latestPruned(page);
    expect(both.spec.recipes).toEqual([
      { prune: { method: 'width', ratio: 0.3, quick: false, loss_budget: null }, quantize: { level: 'q8_0', imatrix: false } },
    ]);
    await expectVariant(pruning.section, both as never, 0);
    await expect(pruning.section.locator('.headline').first()).toContainText('pruned 30 %, then Q8_0');
    const made = files().filter((file) => !before.includes(file));
    expect(made).toHaveLength(1);
    expect(made[0]).toContain('pruned-30-q8_0');
  });

  await test.step('it is there on the next visit, its choice filled in', async () => {
    await open(page, '/');
    await expect(pruning.ratio).toHaveValue('30');
    await expect(pruning.then).toHaveValue('q8_0');
    await expect(pruning.section.locator('.headline').first()).toContainText('then Q8_0');
  });
});

test('by depth: the search is drawn while it goes on', async ({ page }) => {
  test.setTimeout(1_800_000);
  const [dashboard, pruning] = await Pruning.open(page);
  await dashboard.fill(SHORT);
  await pruning.quality.uncheck();
  await pruning.ratio.fill('10');
  await pruning.method.selectOption('depth');
  await pruning.quick.check();
  await expect(pruning.forecast).toContainText(', 3 of 30 blocks.');
  await pruning.start();
  const status = pruning.section.getByRole('status').first();
  await expect(status).toContainText('Pruning — pruned 10 % by depth (quick): searching', { timeout: 120_000 });
  // The report of a run that is over draws it, too.
  const running = page.locator('#pruning[data-status="running"]');
  await expect(running.getByRole('img', { name: /^The search/ })).toBeVisible({ timeout: 900_000 });
  await picture(page, 'searching');
  await pruning.reaches('done');

  const run = await latestPruned(page);
  const { cut } = reportOf(run);
  expect(cut.layers.filter((layer) => layer.weights_after === 0)).toHaveLength(3);
  expect(cut.curve).toHaveLength(4);
  await expectVariant(pruning.section, run as never, 0);
  await expect(pruning.section.getByRole('img', { name: /^The search/ })).toHaveCount(1);
  const size = pruning.section.locator('tr[data-quantity="model_size"]');
  await expect(size.locator('.claim')).toHaveText('30 % smaller, made for 30 %');
  await inspect(page, 'pruned-by-depth');
});

test('pruning is cancelled and leaves nothing', async ({ page, server }) => {
  test.setTimeout(300_000);
  const [dashboard, pruning] = await Pruning.open(page);
  await dashboard.fill(SHORT);
  await pruning.start();
  await expect(pruning.section.locator('.time-left')).toContainText(/layer \d+ of 30/, { timeout: 120_000 });
  await pruning.cancelButton.press('Enter');
  await pruning.reaches('cancelled');
  await expect(page.locator('#pruning-title')).toBeFocused();
  await expect.poll(() => server.workers(), 'the worker is gone').toEqual([]);
  const left = readdirSync(join(server.dataDir, 'variants'), { recursive: true });
  expect(left.filter((file) => file !== 'making')).toEqual([]);
});

test('a model that cannot be pruned well says so before the start', async ({ page }) => {
  const [, pruning] = await Pruning.open(page);
  const labels = await page.locator('#model option').allTextContents();
  const quantized = labels.find((label) => label.includes('· Q4_1 ·'));
  if (!quantized) throw new Error(`no Q4_1 model among ${labels.join(', ')}`);
  await page.locator('#model').selectOption({ label: quantized.trim() });
  const notes = pruning.section.getByRole('list', { name: 'Of pruning this model' });
  await expect(notes).toContainText('groups of 32');
  await expect(pruning.section.getByText(/in groups/), 'it is said once').toHaveCount(1);
  await picture(page, 'coarsely');

  await test.step('and can be upcast first, which is said to make it larger', async () => {
    const upcast = pruning.section.getByRole('checkbox', { name: /Upcast to F16 first/ });
    await upcast.check();
    await expect(pruning.section.getByText(/in groups/)).toHaveCount(0);
    await expect(notes).toContainText('Pruned from an F16 upcast of Q4_1');
    await expect(notes).toContainText('larger than the Q4_1');
    await expect(page.locator('#pruning-forecast')).toContainText('the whole file grows by');
    const exact = labels.find((label) => label.includes('· F16, upcast'));
    if (!exact) throw new Error(`no F16 model among ${labels.join(', ')}`);
    await page.locator('#model').selectOption({ label: exact.trim() });
    await expect(upcast).toBeHidden();
    await expect(page.locator('#pruning-forecast')).toContainText('the whole file shrinks by');
  });
});
