import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from '@playwright/test';

import { Dashboard, SHORT } from './dashboard.ts';
import { expect, hydrated, open, picture, test } from './journey.ts';
import { inspect } from './look.ts';
import { demoDir } from './server.ts';

test.describe('without a model', () => {
  test.use({ library: 'empty' });

  test('the dashboard says where to put one', async ({ page, server }) => {
    const dashboard = await Dashboard.open(page);
    await expect(page.getByText(/gguf/i).first()).toBeVisible();
    await expect(page.getByText(`${server.dataDir}/models`).first()).toBeVisible();
    if (await dashboard.runButton.isVisible()) await expect(dashboard.runButton).toBeDisabled();
    await picture(page, 'no-model');

    await open(page, '/models');
    await expect(page.getByText(`${server.dataDir}/models`).first()).toBeVisible();
    await open(page, '/runs');
    await expect(page.getByRole('link', { name: /^Run \d+/ })).toHaveCount(0);
    await picture(page, 'no-runs');
  });

  test('a model that is put there is checked and appears by itself', async ({ page, server }) => {
    const model = readdirSync(demoDir).find((name) => name.endsWith('.gguf'));
    if (!model) throw new Error(`${demoDir} has no model; run 'make demo'`);
    copyFileSync(join(demoDir, model), join(server.dataDir, 'models', model));
    await page.goto('/');
    await expect(page.getByText('1 model found, being checked')).toBeVisible();
    await expect(page.getByText('No model yet')).toHaveCount(0);
    await expect(page.locator('#model')).toBeVisible();
    await expect(new Dashboard(page).runButton).toBeEnabled();
  });
});

test('the library shows its models and where they come from', async ({ page }) => {
  await open(page, '/models');
  const row = (type: string) =>
    page.getByRole('row').filter({ has: page.getByRole('cell', { name: type, exact: true }) });
  await expect(row('Q4_1')).toBeVisible();
  // The demo's baseline is no original, and says so wherever it is shown.
  await expect(row('F16')).toContainText(/upcast from Q4_1/i);
});

test.describe('on a narrow screen', () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test('everything can be reached without scrolling sideways', async ({ page }) => {
    const dashboard = await Dashboard.open(page);
    await expectNoSidewaysScroll(page);
    await dashboard.start(SHORT);
    await expectNoSidewaysScroll(page);
    await dashboard.reaches('done');
    await expectNoSidewaysScroll(page);
    await picture(page, 'narrow-dashboard');
    for (const path of ['/runs', '/runs/1', '/models', '/settings']) {
      await open(page, path);
      await expectNoSidewaysScroll(page);
      await picture(page, `narrow${path.replaceAll('/', '-')}`);
    }
  });
});

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll('*')]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .map((element) => `<${element.tagName.toLowerCase()} class="${element.className}">`);
  });
  expect(wide, `elements wider than ${page.url()} on a narrow screen`).toEqual([]);
}

test('a run is started and cancelled by keyboard alone', async ({ page }) => {
  const dashboard = await Dashboard.open(page);
  await tabTo(page, 'Run baseline');
  await page.keyboard.press('Enter');
  await dashboard.reaches('running');
  // The button does nothing now, and still the focus is where it was.
  expect(await focused(page)).toBe('button "Run baseline"');
  await expect(dashboard.runButton).toBeDisabled();
  await page.keyboard.press('Enter');
  await tabTo(page, 'Cancel');
  await page.keyboard.press('Enter');
  await dashboard.reaches('cancelled');
  await expect(dashboard.cancelButton).toHaveCount(0);
  expect(await focused(page)).toBe('h2 "Baseline Benchmark"');
  const runs = (await (await page.request.get('/api/runs')).json()) as unknown[];
  expect(runs, 'the second Enter started nothing').toHaveLength(1);

  await test.step('on the page of the run, too', async () => {
    const long = { iterations: 20, max_tokens: 500 };
    const answer = await page.request.post('/api/runs', { data: long });
    const { id } = (await answer.json()) as { id: number };
    await open(page, `/runs/${id}`);
    await tabTo(page, 'Cancel');
    await page.keyboard.press('Enter');
    await dashboard.reaches('cancelled');
    expect(await focused(page)).toBe('h2 "Baseline Benchmark"');
  });

  await test.step('nor is it lost to a run that ends by itself', async () => {
    const short = { test_queries: ['a'], iterations: 1, max_tokens: 64 };
    const answer = await page.request.post('/api/runs', { data: short });
    const { id } = (await answer.json()) as { id: number };
    await open(page, `/runs/${id}`);
    await dashboard.cancelButton.focus();
    await dashboard.reaches('done');
    expect(await focused(page)).toBe('h2 "Baseline Benchmark"');
  });
});

/** What `document.activeElement` is. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    return `${element?.tagName.toLowerCase() ?? 'nothing'} "${element?.innerText.trim() ?? ''}"`;
  });
}

test('the form says what is wrong in its own words, and where', async ({ page, request }) => {
  const dashboard = await Dashboard.open(page);
  const settings = page.locator('details.settings');
  const tokens = page.getByLabel('Tokens per prompt');
  const message = 'Tokens per prompt is 0; it must be 1 to 100,000.';

  await settings.locator('summary').click();
  await tokens.fill('0');
  await expect(tokens).toHaveAttribute('aria-invalid', 'true');
  await expect(tokens).toHaveAccessibleDescription(new RegExp(message));
  await expect(page.getByLabel('Context, tokens')).not.toHaveAttribute('aria-invalid');
  await expect(page.locator('#estimate')).toHaveText(message);
  await expect(page.locator('.field').filter({ has: tokens }), 'beside the field').toContainText(message);
  await inspect(page, 'a-setting-is-wrong');

  await settings.locator('summary').click();
  await expect(tokens).toBeHidden();
  await expect(settings.locator('summary')).toContainText('a setting in here is wrong');
  await dashboard.runButton.press('Enter');
  await expect(dashboard.section.getByRole('alert')).toContainText(message);
  await expect(tokens, 'the fold opens').toBeVisible();
  await expect(tokens).toBeFocused();
  await tokens.fill('16');
  await tokens.blur();
  await expect(tokens).not.toHaveAttribute('aria-invalid');
  await expect(dashboard.section.getByRole('alert')).toHaveCount(0);
  await expect(settings.locator('summary')).toContainText('16 tokens');

  await page.getByLabel('Physical batch, tokens').fill('4096');
  for (const label of ['Physical batch, tokens', 'Batch, tokens']) {
    await expect(page.getByLabel(label, { exact: true })).toHaveAttribute('aria-invalid', 'true');
  }
  await expect(page.locator('#estimate')).toContainText('lower Physical batch');
  await page.getByLabel('Physical batch, tokens').fill('512');

  await page.getByRole('button', { name: 'Add a prompt' }).click();
  await dashboard.runButton.press('Enter');
  await expect(dashboard.prompt(3)).toBeFocused();
  await expect(dashboard.prompt(3)).toHaveAccessibleDescription(/^Prompt 3 is empty/);
  await expect(dashboard.prompt(1)).not.toHaveAttribute('aria-invalid');

  await test.step('the interface for programs speaks of its fields', async () => {
    const answer = await request.post('/api/runs', { data: { max_tokens: 0 } });
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toBe('max_tokens is 0; it must be 1 to 100000');
  });
});

/** Presses Tab until a button is focused, as a user without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name });
  for (let presses = 0; presses < 100; presses++) {
    await page.keyboard.press('Tab');
    if (await button.evaluate((element) => element === document.activeElement)) {
      const outline = await button.evaluate((element) => getComputedStyle(element).outlineStyle);
      expect(outline, `the focused ${name} is marked`).not.toBe('none');
      return;
    }
  }
  throw new Error(`${name} was not reached with 100 presses of Tab`);
}

for (const scheme of ['light', 'dark'] as const) {
  test.describe(`in the ${scheme} scheme`, () => {
    test.use({ colorScheme: scheme });

    test('text stands out from its background', async ({ page }) => {
      const dashboard = await Dashboard.open(page);
      await dashboard.start(SHORT);
      await dashboard.reaches('done');
      for (const path of ['/', '/runs', '/runs/1', '/models', '/settings']) {
        await open(page, path);
        const { background, faint } = await page.evaluate(contrasts);
        expect(background > 0.5, `${path} is ${scheme}`).toBe(scheme === 'light');
        expect(faint, `texts of ${path} with a contrast below 4.5`).toEqual([]);
        await picture(page, `${scheme}${path.replaceAll('/', '-')}`);
      }
    });
  });
}

test('a chosen theme outlives a reload', async ({ page }) => {
  await open(page, '/');
  await page.getByLabel('Theme').selectOption('Dark');
  expect((await page.evaluate(contrasts)).background).toBeLessThan(0.5);
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel('Theme')).toHaveValue('dark');
  expect((await page.evaluate(contrasts)).background).toBeLessThan(0.5);
});

/** The page's luminance, and the texts that are hard to read. Runs in the page. */
function contrasts(): { background: number; faint: string[] } {
  type Colour = [number, number, number, number];
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  if (!brush) throw new Error('no canvas');
  // A canvas understands every way to write a colour.
  const parse = (css: string): Colour => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = css;
    brush.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, a = 0] = brush.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (i: 0 | 1 | 2) => top[i] * top[3] + below[i] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const background = (element: Element | null): Colour => {
    if (!element) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, background(element.parentElement));
  };
  // WCAG 2.2, relative luminance and contrast ratio.
  const luminance = ([r, g, b]: Colour): number => {
    const linear = (value: number) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const faint: string[] = [];
  for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
    const text = [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => node.textContent?.trim() ?? '')
      .join(' ')
      .trim();
    // Inactive controls are exempt, as in WCAG.
    const inactive = element.closest(':disabled, [aria-disabled="true"], [aria-hidden="true"], svg');
    if (!text || inactive || !element.checkVisibility({ checkOpacity: true })) continue;
    const below = background(element);
    const ink = over(parse(getComputedStyle(element).color), below);
    const [dark, light] = [luminance(ink), luminance(below)].sort((a, b) => a - b);
    const ratio = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${element.tagName.toLowerCase()} "${text}"`);
  }
  return { background: luminance(background(document.body)), faint };
}

test.describe('a page that does not exist', () => {
  // Chromium itself writes the status into the console.
  test.use({ expectedComplaints: [/status of 404/] });

  test('says so and leads back', async ({ page }) => {
    const answer = await page.goto('/no-such-page');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading').filter({ hasText: /not found|no such page/i })).toBeVisible();
    await picture(page, 'not-found');

    const missing = await page.goto('/runs/999999');
    expect(missing?.status()).toBe(404);
    await expect(page.getByText('999999').first()).toBeVisible();

    await page.locator('a[href="/"]').first().click();
    await expect(page).toHaveURL('/');
    await expect(page.locator('#baseline')).toBeVisible();
  });
});

test('what is measured unasked is switched off, and stays so', async ({ page }) => {
  await open(page, '/settings');
  const name = 'Measure models against themselves while the machine is idle';
  const choice = page.getByRole('checkbox', { name });
  await expect(choice).toBeChecked();
  // So that nothing disturbs the journeys; the page says that.
  await expect(page.getByText('--no-background')).toBeVisible();
  await choice.uncheck();
  const isOn = async () => {
    const about = (await (await page.request.get('/api/about')).json()) as { background: { is_on: boolean } };
    return about.background.is_on;
  };
  await expect.poll(isOn).toBe(false);
  await open(page, '/settings');
  await expect(choice).not.toBeChecked();
});

/** The code of all but the dashboard and what a first run finds. */
const LATER = '**/split_later.wasm';

test('the first page does not wait for the code of the others', async ({ page }) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(LATER, async (route) => {
    await released;
    await route.continue();
  });
  await open(page, '/');
  const sizes = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map((entry) => entry.toJSON())
      .filter((entry) => entry.name.endsWith('.wasm') && entry.encodedBodySize > 0)
      .map((entry) => entry.encodedBodySize / 1e3),
  );
  expect(sizes, 'one file, in kB').toHaveLength(1);
  expect(sizes[0]).toBeLessThan(400);

  await page.getByRole('link', { name: 'History' }).click();
  await expect(page.locator('#baseline'), 'the page before stays meanwhile').toBeVisible();
  release();
  await expect(page.getByRole('heading', { name: 'History' })).toBeVisible();
  await expect(page.locator('#baseline')).toHaveCount(0);
});

test.describe('where code does not come', () => {
  test.use({ expectedComplaints: [/net::ERR_|Failed to fetch/] });

  test('the page says so, and the first one goes on', async ({ page }) => {
    const failure = page.getByRole('alert').filter({ hasText: 'load the page again' });
    await page.route(LATER, (route) => route.abort());
    await open(page, '/');
    await page.getByRole('link', { name: 'Models' }).click();
    await expect(failure).toBeVisible();
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await expect(page.locator('#baseline')).toBeVisible();

    await test.step('one that the server sent stays as it is', async () => {
      await page.goto('/models');
      await expect(failure).toBeVisible();
      await expect(page.getByRole('heading', { name: 'Models', exact: true })).toBeVisible();
      await expect(page.locator('body')).not.toHaveAttribute('data-hydrated');
    });

    await page.unroute(LATER);
    await open(page, '/models');
    await expect(failure).toHaveCount(0);
  });
});
