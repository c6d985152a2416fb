// The dashboard's section that makes variants, in a user's words.

import { type APIRequestContext, expect, type Locator, type Page } from '@playwright/test';

import { Dashboard, type Run as BaselineRun, type Status } from './dashboard.ts';

type Reading<T> = { measured: T } | { not_measured: string };
type Estimate = { value: number };
type Verdict = 'better' | 'worse' | 'no_measurable_difference' | 'undecided';

/** What the journeys read of a comparison at `/api/runs/{id}`. */
export type Run = Omit<BaselineRun, 'spec'> & {
  technique: string;
  spec: BaselineRun['spec'] & {
    recipes: { prune: null; quantize: { level: string; imatrix: boolean } }[];
    quality: { n_chunks: number } | null;
  };
  comparison: {
    baseline_perplexity: Reading<unknown> | null;
    variants: {
      mostly: string | null;
      improvements: {
        quantity: string;
        change: Reading<{ improvement_percent: number }>;
        verdict: Verdict | null;
        not_judged: string | null;
      }[];
      quality: Reading<{ mean_kld: Estimate; perplexity: { n_chunks: number } }> | null;
      answers: { prompt: number; baseline_rest: string; variant_rest: string }[];
    }[];
  } | null;
};

/** How a verdict is shown: as a class, for its colour. */
const CLASSES: Record<Verdict, string> = {
  better: 'better',
  worse: 'worse',
  no_measurable_difference: 'same',
  undecided: 'undecided',
};

const RUN_TIME = 180_000;

export class Quantization {
  readonly section: Locator;
  readonly runButton: Locator;
  readonly cancelButton: Locator;
  readonly quality: Locator;

  constructor(readonly page: Page) {
    this.section = page.locator('#quantization');
    this.runButton = page.getByRole('button', { name: 'Run quantization' });
    this.cancelButton = this.section.getByRole('button', { name: 'Cancel' });
    this.quality = this.section.getByRole('checkbox', { name: /^Measure what it costs/ });
  }

  static async open(page: Page): Promise<[Dashboard, Quantization]> {
    return [await Dashboard.open(page), new Quantization(page)];
  }

  level(number: number): Locator {
    return this.section.getByLabel(`Level ${number}`, { exact: true });
  }

  imatrix(number: number): Locator {
    return this.section.getByRole('checkbox', { name: new RegExp(`importance matrix for level ${number}$`) });
  }

  /** Asks for quality on so many chunks. */
  async withQuality(chunks: number): Promise<void> {
    await this.quality.check();
    await this.section.getByLabel('Chunks', { exact: true }).fill(String(chunks));
  }

  async start(): Promise<void> {
    await this.runButton.click();
    await this.reaches('running');
  }

  async reaches(status: Status, timeout = RUN_TIME): Promise<void> {
    await expect(this.section).toHaveAttribute('data-status', status, { timeout });
  }
}

/** The table of one variant shows what is stored of it. */
export async function expectVariant(where: Locator, run: Run, index: number): Promise<void> {
  const variant = run.comparison?.variants[index];
  if (!variant) throw new Error(`run ${run.id} has no variant ${index}`);
  for (const { quantity, change, verdict, not_judged } of variant.improvements) {
    const row = where.locator(`tr[data-quantity="${quantity}"]`);
    await expect(row, quantity).toHaveCount(1);
    if (verdict) await expect(row).toHaveAttribute('data-verdict', CLASSES[verdict]);
    if ('not_measured' in change) {
      await expect(row).toContainText(change.not_measured);
      continue;
    }
    if (not_judged) {
      await expect(row).toHaveAttribute('data-verdict', 'unjudged');
      await expect(row).toContainText(not_judged);
      continue;
    }
    const shown = Number(await row.getAttribute('data-improvement'));
    expect(Math.abs(shown - change.measured.improvement_percent), quantity).toBeLessThan(1e-9);
    await expect(row.getByRole('img', { name: /better|worse/ })).toBeVisible();
  }
}

export async function latestComparison(request: APIRequestContext): Promise<Run> {
  const list = (await (await request.get('/api/runs')).json()) as { id: number }[];
  const latest = list[0];
  if (!latest) throw new Error('no run is stored');
  return (await (await request.get(`/api/runs/${latest.id}`)).json()) as Run;
}
