import { readFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import { Dashboard, SHORT } from './dashboard.ts';
import { expect, hydrated, open, picture, test } from './journey.ts';

// Chromium writes the status of a page that says what is wrong into the console.
test.use({ expectedComplaints: [/status of 40[04]/] });

const row = (page: Page, id: number) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: `Run ${id}`, exact: true }) });

test('a run is named, noted, deleted, restored, found and exported', async ({ page, request }) => {
  const dashboard = await Dashboard.open(page);
  for (let id = 1; id <= 2; id++) {
    await dashboard.start(SHORT);
    await dashboard.reaches('done');
  }

  await test.step('it gets a name and a note, by keyboard', async () => {
    await open(page, '/runs/1');
    const edit = page.getByRole('button', { name: 'Name and note' });
    await edit.press('Enter');
    await expect(page.getByLabel('Name', { exact: true })).toBeFocused();
    await page.keyboard.type('Not kept');
    await page.keyboard.press('Escape');
    await expect(edit).toBeFocused();
    await expect(page.getByText('Not kept')).toHaveCount(0);

    await edit.click();
    await page.getByLabel('Name', { exact: true }).fill('x'.repeat(121));
    await page.getByRole('button', { name: 'Save' }).click();
    const form = page.getByRole('form', { name: 'Name and note' });
    await expect(form.getByRole('alert')).toContainText('at most 120');
    await picture(page, 'name-too-long');
    await page.getByLabel('Note', { exact: true }).fill('On battery.\n<b>Fan</b> was loud.');
    await page.getByLabel('Name', { exact: true }).fill('Morning <i>run</i>');
    await page.getByLabel('Name', { exact: true }).press('Enter');
    await expect(edit).toBeFocused();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Run 1 · Morning <i>run</i>');
    await expect(page).toHaveTitle(/^Morning <i>run<\/i> · Run 1/);

    await page.reload();
    await hydrated(page);
    await expect(page.getByText('<b>Fan</b> was loud.')).toBeVisible();
    await picture(page, 'named');
  });

  await test.step('it is exported', async () => {
    const download = async (format: string) => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: format, exact: true }).click(),
      ]);
      expect(file.suggestedFilename()).toBe(`whittle-run-1.${format.toLowerCase()}`);
      return readFile(await file.path(), 'utf8');
    };
    const whole = JSON.parse(await download('JSON')) as {
      schema_version: number;
      run: { name: string };
      requests: { generation: { token_gaps_ns: number[] } }[];
    };
    expect(whole.schema_version).toBe(1);
    expect(whole.run.name).toBe('Morning <i>run</i>');
    expect(whole.requests[0]?.generation.token_gaps_ns).toHaveLength(SHORT.maxTokens - 1);
    const table = await download('CSV');
    expect(table.split('\r\n')[0]).toContain('response_time_s');
    expect(table).toContain(SHORT.prompts[0]);
  });

  await test.step('it is deleted in the list, and comes back', async () => {
    await open(page, '/runs');
    await expect(row(page, 1)).toContainText('Morning <i>run</i>');
    await picture(page, 'list');
    await page.getByRole('button', { name: 'Delete run 1' }).press('Enter');
    await expect(page.getByText('Run 1 deleted.')).toBeVisible();
    await expect(page.getByText('removed for good after 7 days')).toBeVisible();
    const undo = page.getByRole('button', { name: 'Undo' });
    await expect(undo).toBeFocused();
    await expect(row(page, 1)).toBeHidden();
    await picture(page, 'deleted-in-the-list');
    expect((await request.get('/api/runs/1')).status()).toBe(404);

    await undo.press('Enter');
    await expect(row(page, 1)).toBeVisible();
    await expect(page.getByRole('button', { name: 'Delete run 1' })).toBeFocused();
    expect((await request.get('/api/runs/1')).status()).toBe(200);
  });

  await test.step('it is deleted on its page, and comes back after a reload', async () => {
    await open(page, '/runs/1');
    await page.getByRole('button', { name: 'Delete run 1' }).click();
    await expect(page.getByRole('button', { name: 'Undo' })).toBeFocused();
    await expect(page.locator('#baseline')).toBeHidden();
    await picture(page, 'deleted-on-its-page');
    await page.reload();
    await hydrated(page);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(page.locator('#baseline')).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Run 1');
  });

  await test.step('it is found among the deleted ones and restored, by keyboard', async () => {
    await open(page, '/runs');
    await page.getByRole('button', { name: 'Delete run 1' }).click();
    await expect(page.getByText('Run 1 deleted.')).toBeVisible();
    await page.reload();
    await hydrated(page);
    await page.getByRole('link', { name: 'Deleted runs' }).press('Enter');
    await expect(page).toHaveURL('/runs/deleted');
    const deleted = page.getByRole('row').filter({ hasText: 'Run 1' });
    await expect(deleted).toContainText('Morning <i>run</i>');
    await picture(page, 'deleted-runs');
    await page.getByRole('button', { name: 'Restore run 1' }).press('Enter');
    const link = page.getByRole('link', { name: 'Open run 1' });
    await expect(link).toBeFocused();
    await expect(link).toHaveAccessibleDescription('Run 1 is in the history again.');
    await picture(page, 'restored-among-the-deleted');
    await link.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Run 1');
  });

  await test.step('the list is filtered by an address that can be shared', async () => {
    await open(page, '/runs');
    const filter = page.getByRole('search');
    const model = await filter.getByLabel('Model').locator('option').nth(1).getAttribute('value');
    await filter.getByLabel('Model').selectOption({ index: 1 });
    await filter.getByLabel(/^From/).fill('2020-01-01');
    await filter.getByRole('button', { name: 'Filter' }).click();
    await expect(page).toHaveURL(`/runs?model=${model}&technique=&from=2020-01-01&to=`);
    await hydrated(page);
    await expect(filter.getByLabel('Model')).toHaveValue(model ?? 'a model');
    await expect(filter.getByLabel(/^From/)).toHaveValue('2020-01-01');
    await expect(row(page, 2)).toBeVisible();
    await picture(page, 'filtered');

    await filter.getByLabel(/^To/).fill('2020-01-02');
    await filter.getByRole('button', { name: 'Filter' }).click();
    await expect(page.getByText('No run matches')).toBeVisible();
    await picture(page, 'no-match');
    await page.goBack();
    await hydrated(page);
    await expect(row(page, 2)).toBeVisible();
    await expect(filter.getByLabel(/^To/)).toHaveValue('');

    await open(page, '/runs?from=2020-01-02&to=2020-01-01');
    const wrong = page.getByRole('alert').filter({ hasText: 'swap the two days' });
    await expect(wrong).toBeVisible();
    await page.getByRole('link', { name: 'Show all' }).click();
    await expect(page).toHaveURL('/runs');
    await expect(row(page, 1)).toBeVisible();
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the filter and its pages work', async ({ page }) => {
    await page.goto('/runs?from=2020-01-01&to=2020-01-02');
    await expect(page.getByText('No run matches')).toBeVisible();
    await page.getByLabel(/^To/).fill('');
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect(page).toHaveURL('/runs?model=&technique=&from=2020-01-01&to=');
    await page.getByRole('link', { name: 'Show all', exact: true }).click();
    await expect(page).toHaveURL('/runs');
  });
});
