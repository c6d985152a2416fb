// Variants on the Models page: what they are, copied, deleted.

import { execFileSync } from 'node:child_process';

import { expect, open, picture, test } from './journey.ts';
import { expectReachable, inspect } from './look.ts';
import { binary } from './server.ts';

test('a variant shows what it is, is used elsewhere and deleted', async ({ page, server, context }) => {
  await open(page, '/models');
  await expect(page.getByText('None yet.')).toBeVisible();

  const listing = await (await page.request.get('/api/models')).json();
  const base = listing.models.find((model: { file_type: string }) => model.file_type === 'F16');
  for (const type of ['q4_0', 'q4_k_m']) {
    execFileSync(binary, ['quantize', base.id, '--type', type, '--data-dir', server.dataDir]);
  }

  await open(page, '/models');
  const table = page.getByRole('table', { name: /^Variants of/ });
  const row = table.locator('tbody').filter({ hasText: 'Q4_K_M' });
  await expect(row).toContainText('tensors are Q5_0 instead of Q4_K');
  await row.getByText('What its tensors are').click();
  await expect(row.getByRole('table', { name: 'Tensor types of Q4_K_M' })).toContainText('Q8_0');
  await row.getByText('Use it elsewhere').click();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await row.getByRole('button', { name: 'Copy the llama-server line of Q4_K_M' }).click();
  await expect(row.getByText('Copied.')).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(/^llama-server -m .*\/variants\/.*-q4_k_m-[0-9a-f]{16}\.gguf$/);
  await inspect(page, 'variants');
  await expectReachable(page);

  await test.step('deleted by keyboard, after a question', async () => {
    const remove = row.getByRole('button', { name: 'Delete Q4_K_M' });
    await remove.focus();
    await page.keyboard.press('Enter');
    await expect(row.getByRole('button', { name: 'Delete the file' })).toBeFocused();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect(remove).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByText(/^2 variants, /)).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByText('Deleted: Q4_K_M (mostly Q5_0).')).toBeFocused();
    await expect(page.getByText(/^1 variant, /)).toBeVisible();
  });
  await picture(page, 'variant-deleted');
  await open(page, '/models');
  await expect(page.getByRole('button', { name: /^Delete Q/ })).toHaveCount(1);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the page says how a variant is made', async ({ page }) => {
    await page.goto('/models');
    await expect(page.getByText('whittle quantize MODEL --type q4_0')).toBeVisible();
  });
});
