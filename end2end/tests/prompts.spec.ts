import type { Page } from '@playwright/test';

import { Dashboard, latestRun } from './dashboard.ts';
import { expect, hydrated, open, picture, test } from './journey.ts';
import { expectReachable, inspect } from './look.ts';

// Chromium writes the status of a request that the server refuses into the console.
test.use({ expectedComplaints: [/status of 400/] });

const JOB = { prompts: ['What is autism?', 'Name a river.'], iterations: 1, maxTokens: 24, warmUps: 0 };

const set = (page: Page) => page.getByLabel('Prompt set', { exact: true });
const kind = (page: Page, n: number) => page.getByLabel(`Right answer to prompt ${n}`);

async function save(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Save as…' }).click();
  const box = page.getByLabel('Name', { exact: true });
  await expect(box).toBeFocused();
  await box.fill(name);
  await box.press('Enter');
  await expect(page.getByRole('button', { name: 'Save as…' })).toBeFocused();
}

test('a set of prompts with expected answers is saved, chosen and judged', async ({ page, request }) => {
  const dashboard = await Dashboard.open(page);
  await expect(set(page)).toHaveValue('default');
  await dashboard.fill(JOB);
  const changed = page.getByText('changed', { exact: true });
  await expect(changed).toBeVisible();

  await test.step('an answer is expected of each prompt', async () => {
    await kind(page, 1).selectOption('Answer matches regex');
    await page.getByLabel('Regular expression for the answer to prompt 1').fill('(');
    await dashboard.runButton.click();
    await expect(dashboard.section.getByRole('alert')).toContainText(/expected answer of prompt 1.*unclosed group/);
    const pattern = page.getByLabel('Regular expression for the answer to prompt 1');
    await expect(pattern).toHaveAttribute('aria-invalid', 'true');
    await expect(pattern).toHaveAccessibleDescription(/prompt 1.*unclosed group/);
    await inspect(page, 'a-pattern-is-refused');
    await pattern.fill('(?s)\\w');
    await expect(pattern).not.toHaveAttribute('aria-invalid');
    await kind(page, 2).selectOption('Answer contains');
    await expect(page.locator('#estimate')).toContainText('prompt 2 is empty');
    await page.getByLabel('Text in the answer to prompt 2').fill('no model says <b>this</b>');
    await expect(page.getByText('answers run on past their end')).toBeVisible();
  });

  await test.step('they are saved under a name', async () => {
    await save(page, 'Rivers & <i>more</i>');
    await expect(set(page).locator('option:checked')).toHaveText('Rivers & <i>more</i>');
    await expect(changed).toBeHidden();
    await inspect(page, 'a-prompt-set');
    await test.step('by keyboard', () => expectReachable(page));
  });

  await test.step('after a reload the set is still the chosen one', async () => {
    await page.reload();
    await hydrated(page);
    await expect(set(page).locator('option:checked')).toHaveText('Rivers & <i>more</i>');
    await expect(page.getByLabel('Text in the answer to prompt 2')).toHaveValue(/no model says/);
    await set(page).selectOption('Default');
    await expect(dashboard.prompt(2)).toHaveValue('What are the symptoms?');
    await expect(kind(page, 1)).toHaveValue('any');
    await set(page).selectOption('Rivers & <i>more</i>');
    await expect(dashboard.prompt(2)).toHaveValue('Name a river.');
  });

  await test.step('one of two answers is right', async () => {
    await dashboard.start(JOB);
    await dashboard.reaches('done');
    const card = page.locator('#metric-right-answers');
    await expect(card).toContainText('1 of 2');
    await expect(card).toContainText('50 %, 95 % interval 9 to 91 %');
    await expect(card).toHaveAttribute('data-value', '0.5');
    const answers = page.locator('.answers > li');
    await expect(answers.nth(0)).toContainText('Right');
    await expect(answers.nth(1)).toContainText('Wrong');
    await expect(answers.nth(1)).toContainText('contains no model says <b>this</b>');
    await inspect(page, 'judged');
    const run = await latestRun(request);
    await open(page, `/runs/${run.id}`);
    await page.locator('summary', { hasText: 'What was asked' }).click();
    await inspect(page, 'judged-run');
  });

  await test.step('what is saved nowhere is not lost by choosing a set', async () => {
    await open(page, '/');
    await dashboard.prompt(1).fill('Mine alone');
    await set(page).selectOption('Default');
    await expect(dashboard.prompt(1)).toHaveValue('What is autism?');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(dashboard.prompt(1)).toHaveValue('Mine alone');
    await expect(changed).toBeVisible();
    await expect(set(page)).toBeFocused();
  });

  await test.step('a set is deleted, and comes back', async () => {
    await page.getByRole('button', { name: /^Delete the prompt set/ }).press('Enter');
    const undo = page.getByRole('button', { name: 'Undo' });
    await expect(undo).toBeFocused();
    await expect(set(page).locator('option')).toHaveText(['Not saved', 'Default']);
    await inspect(page, 'set-deleted');
    await undo.press('Enter');
    await expect(set(page).locator('option:checked')).toHaveText('Rivers & <i>more</i>');
    await page.getByRole('button', { name: 'Save as…' }).click();
    await page.getByLabel('Name', { exact: true }).fill('default');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(dashboard.section.getByRole('alert')).toContainText('built-in');
    await inspect(page, 'set-not-saved');
    await page.keyboard.press('Escape');
    await expect(dashboard.section.getByRole('alert')).toHaveCount(0);
  });
});

test('a long prompt is loaded from a file, and warned of', async ({ page }) => {
  const dashboard = await Dashboard.open(page);
  const load = async (name: string, buffer: Buffer) => {
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Load prompt 1 from a file' }).click(),
    ]);
    await chooser.setFiles({ name, mimeType: 'text/plain', buffer });
  };
  await load('picture.txt', Buffer.from([0xff, 0xd8, 0xff]));
  await expect(dashboard.section.getByRole('alert')).toContainText('The file picture.txt is not a text');
  await load('huge.txt', Buffer.alloc(900_000, 'a'));
  await expect(dashboard.section.getByRole('alert')).toContainText('The file huge.txt is too large');
  await load('long.txt', Buffer.from('A line of a long text.\r\n'.repeat(1_000)));
  await expect(dashboard.section.getByRole('alert')).toHaveCount(0);
  await expect(dashboard.prompt(1)).toHaveValue(/^A line of a long text\.\nA line/);
  await expect(dashboard.prompt(1)).toHaveAttribute('rows', '12');
  await expect(page.getByText(/Prompt 1 may be too long: roughly 5,750 tokens/)).toBeVisible();
  await inspect(page, 'long-prompt');

  await dashboard.runButton.click();
  await dashboard.reaches('failed');
  await expect(dashboard.section.getByRole('alert')).toContainText(/raise the context to at least/);
  await picture(page, 'long-prompt-failed');
  await page.locator('.settings > summary').click();
  await page.getByLabel('Context, tokens').fill('8192');
  await expect(page.getByText(/may be too long/)).toHaveCount(0);
});
