import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { cards, expectFigures, figures, SHORT } from './dashboard.ts';
import { expect, hydrated, open, picture, test } from './journey.ts';
import { expectReachable, expectWhole, inspect } from './look.ts';
import { expectVariant, latestComparison, Quantization } from './quantization.ts';

test('a baseline, then each of the three levels', async ({ page, request }) => {
  test.setTimeout(600_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await expect(page.locator('#quantization-teaching')).toBeVisible();
  await dashboard.start(SHORT);
  await dashboard.reaches('done');

  for (const level of ['q4_0', 'q5_0', 'q8_0']) {
    await test.step(level, async () => {
      await quantization.level(1).selectOption(level);
      await quantization.start();
      await expect(quantization.section.getByRole('progressbar')).toBeVisible();
      await quantization.reaches('done');

      const run = await latestComparison(request);
      expect(run.technique).toBe('quantization');
      expect(run.spec.recipes).toEqual([{ prune: null, quantize: { level, imatrix: false } }]);
      expect(run.comparison?.variants).toHaveLength(1);
      await expectVariant(quantization.section, run, 0);
      const size = quantization.section.locator('tr[data-quantity="model_size"]');
      await expect(size).toHaveAttribute('data-verdict', 'better');
      await expect(size).toContainText('↓');
      await expect(size).toContainText('60 % smaller');
      // The demo's F16 is no original: gains in size are told against that, too.
      await expect(page.locator('#against-original')).toContainText('Q4_1');

      // The baseline's card shows what this run measured of it, and why.
      await expect(dashboard.section.locator('#measured-again')).toContainText(`run ${run.id}`);
      expectFigures(await cards(page), figures(run as never));
      await picture(page, level);
    });
  }

  await test.step('the last one is there on the next visit, its level chosen', async () => {
    await open(page, '/');
    const run = await latestComparison(request);
    await expect(quantization.level(1)).toHaveValue('q8_0');
    await expectVariant(quantization.section, run, 0);
    expectFigures(await cards(page), figures(run as never));
  });

  await test.step('the history names the technique and the level', async () => {
    await open(page, '/runs');
    await expect(page.getByRole('row').nth(1)).toContainText('Quantization: Q8_0');
    await expect(page.getByRole('row').nth(1).locator('.number').first()).toContainText('baseline');
    await expect(page.getByRole('row').last()).toContainText('Baseline');
  });
});

test('a set of levels is shown in one table and one chart', async ({ page, request, browser, baseURL }) => {
  test.setTimeout(600_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await dashboard.fill(SHORT);
  await quantization.section.getByRole('button', { name: 'Q4_0, Q5_0, Q8_0' }).click();
  await expect(quantization.level(3)).toHaveValue('q8_0');
  await test.step('a level that stands twice is refused, in words', async () => {
    await quantization.section.getByRole('button', { name: 'Add a level' }).click();
    await quantization.level(4).selectOption('q4_0');
    await quantization.runButton.click();
    await expect(quantization.section.getByRole('alert')).toContainText(/twice/);
    await quantization.section.getByRole('button', { name: 'Remove level 4' }).click();
    await expect(quantization.section.getByRole('button', { name: 'Remove level 3' })).toBeFocused();
    await expect(quantization.section.getByRole('alert')).toHaveCount(0);
  });
  await quantization.withQuality(2);
  await quantization.start();
  await expect(quantization.section.getByRole('status').first()).toContainText(/Q4_0|baseline/, {
    timeout: 60_000,
  });
  await inspect(page, 'comparing');
  await quantization.reaches('done');

  const run = await latestComparison(request);
  expect(run.spec.recipes.map((recipe) => recipe.quantize.level)).toEqual(['q4_0', 'q5_0', 'q8_0']);
  const overview = quantization.section.locator('table.overview');
  await expect(overview.locator('tr[data-variant]')).toHaveCount(4);
  await expect(overview.getByText('on the front').first()).toBeVisible();
  await expect(quantization.section.getByRole('img', { name: /^Size against quality/ })).toHaveCount(1);
  for (const [index, key] of ['q4_0', 'q5_0', 'q8_0'].entries()) {
    const fold = quantization.section.locator(`#variant-${key}`);
    await fold.locator('summary').first().press('Enter');
    await expectVariant(fold, run, index);
    // Two chunks do not tell whether it differs.
    await expect(fold.locator('tr[data-quantity="perplexity"]')).toHaveAttribute('data-verdict', 'undecided');
  }
  await inspect(page, 'compared-set');
  await test.step('by keyboard', () => expectReachable(page));

  await test.step('its page tells the same without JavaScript', async () => {
    const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`/runs/${run.id}`);
    const section = plain.locator('#quantization');
    await expect(section.locator('table.overview tr[data-variant]')).toHaveCount(4);
    await expect(section.locator('#variant-q5_0 tr[data-quantity="memory"]')).toHaveCount(1);
    // Found as an element: texts are not looked for inside of it.
    const note = section.locator('noscript p').filter({ hasText: 'Measuring the noise needs JavaScript' });
    await expect(note).toBeVisible();
    await expect(section.getByRole('button'), 'a button that does nothing').toHaveCount(0);
    await picture(plain, 'its-page-without-javascript');
    await context.close();
  });

  await test.step('on a phone', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    await expectWhole(page, 'a set of levels at 320 px');
    await picture(page, 'compared-set-320');
    await open(page, `/runs/${run.id}`);
    await expectWhole(page, 'its page at 320 px');
    await picture(page, 'its-page-320');
  });
});

test('an importance matrix is collected once for all levels that take one', async ({ page, request, server }) => {
  test.setTimeout(1_200_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await dashboard.fill(SHORT);
  await quantization.level(1).selectOption('iq2_xs');
  await test.step('a level that needs one says so, and gets it', async () => {
    await expect(quantization.section.getByText('imatrix, needed')).toBeVisible();
    await expect(quantization.imatrix(1)).toBeChecked();
    await expect(quantization.imatrix(1)).toBeDisabled();
  });
  await quantization.section.getByRole('button', { name: 'Add a level' }).click();
  await quantization.level(2).selectOption('q4_k_m');
  await expect(quantization.imatrix(2)).not.toBeChecked();
  await quantization.imatrix(2).check();
  await picture(page, 'imatrix-form');

  await quantization.start();
  const status = quantization.section.getByRole('status').first();
  await expect(status).toHaveText(
    'Making the variant — IQ2_XS with imatrix: collecting the importance matrix',
    { timeout: 60_000 },
  );
  await expect(quantization.section.locator('.time-left')).toHaveText(/^chunk \d+ of 40 · about .* left$/);
  await picture(page, 'collecting-the-imatrix');
  // The matrix takes as long as 160 answers.
  await quantization.reaches('done', 1_000_000);

  const kept = readdirSync(join(server.dataDir, 'cache')).filter((file) => /^imatrix-.*\.dat$/.test(file));
  expect(kept, 'one matrix for both').toHaveLength(1);
  const run = await latestComparison(request);
  expect(run.spec.recipes).toEqual([
    { prune: null, quantize: { level: 'iq2_xs', imatrix: true } },
    { prune: null, quantize: { level: 'q4_k_m', imatrix: true } },
  ]);
  // The rows of the demo have 576 weights, and these types take 256 at a time.
  const labels = ['IQ2_XS with imatrix (mostly IQ4_NL)', 'Q4_K_M with imatrix (mostly Q5_0)'];
  expect(run.comparison?.variants.map((variant) => variant.mostly)).toEqual(['IQ4_NL', 'Q5_0']);
  for (const [index, key] of ['iq2_xs-imatrix', 'q4_k_m-imatrix'].entries()) {
    const row = quantization.section.locator(`table.overview tr[data-variant="${key}"]`);
    await expect(row.getByRole('rowheader')).toContainText(labels[index] ?? '');
    const fold = quantization.section.locator(`#variant-${key}`);
    await fold.locator('summary').first().click();
    await expectVariant(fold, run, index);
  }
  await picture(page, 'with-imatrix');

  await test.step('the Models page says what errors were weighed by', async () => {
    await open(page, '/models');
    const table = page.getByRole('table', { name: /^Variants of/ });
    for (const label of labels) {
      const row = table.locator('tbody').filter({ hasText: label });
      await expect(row).toContainText('errors weighed by an importance matrix of 40 chunks of 512 tokens');
    }
  });
});

test('quality is measured, shown and explained', async ({ page, request }) => {
  test.setTimeout(600_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await dashboard.fill({ ...SHORT, maxTokens: 32 });
  await quantization.withQuality(10);
  await quantization.start();
  await expect(quantization.section.getByRole('status').first()).toContainText('Measuring quality', {
    timeout: 180_000,
  });
  await picture(page, 'measuring-quality');
  await quantization.reaches('done');

  const run = await latestComparison(request);
  expect(run.spec.quality?.n_chunks).toBe(10);
  const variant = run.comparison?.variants[0];
  const quality = variant?.quality;
  if (!quality || 'not_measured' in quality) throw new Error('quality was not measured');
  const kld = quantization.section.locator('tr[data-quantity="mean_kld"]');
  expect(quality.measured.mean_kld.value).toBeGreaterThan(0);
  // Not anywhere in the row: its definition names all of the words.
  await expect(kld.locator('.said')).toContainText(lossOf(quality.measured.mean_kld.value));
  await expect(quantization.section.locator('tr[data-quantity="perplexity"]')).toHaveCount(1);
  await expect(quantization.section.getByText(/^same top token/)).toBeVisible();
  await expect(quantization.section.getByText('10 chunks of 512 tokens')).toBeVisible();

  const answers = quantization.section.locator('.pair');
  expect(variant?.answers).toHaveLength(SHORT.prompts.length);
  await expect(answers).toHaveCount(SHORT.prompts.length);
  await expect(quantization.section.locator('.divergence')).toHaveCount(SHORT.prompts.length);
  for (const [index, answer] of (variant?.answers ?? []).entries()) {
    const isParted = answer.baseline_rest !== '' || answer.variant_rest !== '';
    await expect(answers.nth(index).locator('mark').first()).toBeVisible({ visible: isParted });
  }
  await inspect(page, 'quality');
  await test.step('its page', async () => {
    await open(page, `/runs/${run.id}`);
    await expectVariant(page.locator('#quantization'), run, 0);
    for (const summary of await page.locator('.fold > summary').all()) await summary.click();
    await inspect(page, 'quality-its-page');
    await test.step('by keyboard', () => expectReachable(page));
  });
});

test('a comparison is cancelled, and run again with more iterations', async ({ page, request, server }) => {
  test.setTimeout(600_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await dashboard.fill({ prompts: ['Tell me a long story.'], iterations: 20, maxTokens: 400 });
  // It takes long enough to be met in the making.
  await quantization.level(1).selectOption('q4_k_m');
  const making = join(server.dataDir, 'variants', 'making');
  const begun = () => (existsSync(making) ? readdirSync(making) : []);
  await quantization.start();
  await expect.poll(begun, { message: 'a variant is being made', intervals: [20] }).not.toEqual([]);
  await quantization.cancelButton.press('Enter');
  await quantization.reaches('cancelled');
  await expect(page.locator('#quantization-title')).toBeFocused();
  await expect.poll(() => server.workers(), 'the workers are gone').toEqual([]);
  expect((await latestComparison(request)).status).toBe('cancelled');
  expect(begun(), 'nothing half-made is left').toEqual([]);
  await inspect(page, 'comparison-cancelled');

  await test.step('one launch leaves much undecided, and says what would tell', async () => {
    await dashboard.fill(SHORT);
    await quantization.level(1).selectOption('q4_0');
    await quantization.start();
    await quantization.reaches('done');
  });

  await test.step('its noise was assumed: measuring it has a page of its own, and is cancelled', async () => {
    const next = quantization.section.locator('.next').filter({ hasText: 'The noise is assumed' });
    await expect(next).toContainText('launches the model 10 times against itself');
    await inspect(page, 'noise-assumed');
    await next.getByRole('button', { name: 'Measure the noise' }).press('Enter');
    await expect(page).toHaveURL(/\/runs\/\d+$/);
    const noise = page.locator('#noise');
    await expect(noise).toHaveAttribute('data-status', 'running');
    await expect(noise.getByRole('progressbar')).toBeVisible();
    await expect(noise.getByRole('status').first()).toContainText('of 10', { timeout: 60_000 });
    const run = await latestComparison(request);
    expect(run.technique).toBe('noise');
    expect(run.spec.settings).toMatchObject({ iterations: 10, max_tokens: SHORT.maxTokens });
    expect(run.spec.prompts).toEqual(SHORT.prompts);
    await picture(page, 'noise-running');
    await noise.getByRole('button', { name: 'Cancel' }).press('Enter');
    await expect(noise).toHaveAttribute('data-status', 'cancelled');
    await page.goBack();
    await hydrated(page);
  });

  await test.step('the same comparison is run again, more carefully', async () => {
    const again = quantization.section.getByRole('button', { name: 'Run again with 10 iterations' });
    await again.click();
    await quantization.reaches('running');
    const run = await latestComparison(request);
    expect(run.spec.settings).toMatchObject({ iterations: 10, max_tokens: SHORT.maxTokens });
    expect(run.spec.recipes).toEqual([{ prune: null, quantize: { level: 'q4_0', imatrix: false } }]);
    await quantization.cancelButton.click();
    await quantization.reaches('cancelled');
  });
});

test('a reload and a second tab follow a comparison to its end', async ({ page, context, request }) => {
  test.setTimeout(600_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await dashboard.fill({ prompts: ['Tell me a story.'], iterations: 2, maxTokens: 100 });
  await quantization.level(1).selectOption('q5_0');
  await quantization.start();
  await page.reload();
  await hydrated(page);
  await expect(quantization.section).toHaveAttribute('data-status', 'running');
  await expect(quantization.level(1)).toHaveValue('q5_0');

  const [other, second] = await Quantization.open(await context.newPage());
  await expect(second.section).toHaveAttribute('data-status', 'running');
  await test.step('a baseline that waits behind it is found after a reload, too', async () => {
    await other.runButton.click();
    await other.reaches('queued');
    await second.page.reload();
    await hydrated(second.page);
    await expect(second.section).toHaveAttribute('data-status', 'running');
    await expect(other.section).toHaveAttribute('data-status', 'queued');
    await other.cancelButton.click();
    await other.reaches('cancelled');
  });

  await quantization.reaches('done');
  await second.reaches('done');
  const runs = (await (await request.get('/api/runs')).json()) as { id: number; technique: string }[];
  const compared = runs.find((run) => run.technique === 'quantization');
  const run = (await (await request.get(`/api/runs/${compared?.id}`)).json()) as Awaited<
    ReturnType<typeof latestComparison>
  >;
  await expectVariant(quantization.section, run, 0);
  await expectVariant(second.section, run, 0);
});

test('an evaluation text of the user’s own is checked before anything runs', async ({ page, request, server }) => {
  test.setTimeout(600_000);
  const [dashboard, quantization] = await Quantization.open(page);
  await dashboard.fill(SHORT);
  await quantization.withQuality(1);
  const file = quantization.section.locator('input[type="file"]');
  const choose = (name: string, buffer: Buffer) =>
    file.setInputFiles({ name, mimeType: 'text/plain', buffer });

  await choose('huge.txt', Buffer.alloc(900_001, 'x'));
  await expect(quantization.section.getByRole('alert')).toContainText('huge.txt is too large');
  await choose('picture.txt', Buffer.from([0xff, 0xfe, 0x00]));
  await expect(quantization.section.getByRole('alert')).toContainText('not a text in UTF-8');

  await test.step('one that is too short is refused at once, in words', async () => {
    await choose('short.txt', Buffer.from('Too short.'));
    await expect(quantization.section.getByText('On short.txt')).toBeVisible();
    await quantization.runButton.click();
    await expect(quantization.section.getByRole('alert')).toContainText('has 10 bytes and so less than one chunk');
    await picture(page, 'text-too-short');
  });

  await test.step('one with too few tokens ends its run before anything is made', async () => {
    await choose('few.txt', Buffer.from('The house stands by the river. '.repeat(20)));
    await quantization.runButton.click();
    await quantization.reaches('failed');
    await expect(quantization.section).toContainText(/“few\.txt” has \d+ tokens, and one chunk needs 512/);
    const run = await latestComparison(request);
    expect(run.failure?.kind).toBe('prompt_not_usable');
    expect(existsSync(join(server.dataDir, 'variants', 'making'))).toBe(false);
    await picture(page, 'text-of-few-tokens');
  });

  await test.step('one that is long enough is used', async () => {
    const text = 'The quick brown fox jumps over the lazy dog near the river bank. '.repeat(200);
    await choose('own <b>text</b>.txt', Buffer.from(text));
    await quantization.runButton.click();
    await quantization.reaches('done');
    await expect(quantization.section.getByText('On own <b>text</b>.txt: 1 chunk')).toBeVisible();
    const run = await latestComparison(request);
    expect(run.spec.quality?.n_chunks).toBe(1);
  });
});

for (const scheme of ['light', 'dark'] as const) {
  test.describe(`in the ${scheme} scheme`, () => {
    test.use({ colorScheme: scheme });

    test('a model that is quantized already is warned of', async ({ page }) => {
      const [, quantization] = await Quantization.open(page);
      await page.locator('#model').selectOption({ label: await labelOf(page, 'Q4_1') });
      await expect(quantization.section.getByText(/is Q4_1 already/)).toBeVisible();
      await picture(page, `requantize-${scheme}`);
    });
  });
}

/** The word for a mean KLD, as the interface explains it. */
function lossOf(kld: number): string {
  if (kld < 0.01) return 'near lossless';
  if (kld < 0.05) return 'good';
  return kld < 0.3 ? 'noticeable loss' : 'heavy loss';
}

/** The whole label of the model's option that names this type. */
async function labelOf(page: import('@playwright/test').Page, type: string): Promise<string> {
  const labels = await page.locator('#model option').allTextContents();
  const found = labels.find((label) => label.includes(`· ${type} ·`));
  if (!found) throw new Error(`no model of type ${type} among ${labels.join(', ')}`);
  return found.trim();
}
