// The dashboard's section that prunes, in a user's words.

import { expect, type Locator, type Page } from '@playwright/test';

import { Dashboard, type Status } from './dashboard.ts';
import { latestComparison, type Run as ComparedRun } from './quantization.ts';

/** What the journeys read of a pruned run at `/api/runs/{id}`. */
export type Run = Omit<ComparedRun, 'spec' | 'arms'> & {
  spec: Omit<ComparedRun['spec'], 'recipes'> & {
    recipes: {
      prune: { method: string; ratio: number; quick: boolean; loss_budget: number | null };
      quantize: { level: string; imatrix: boolean } | null;
    }[];
  };
  arms: {
    model: { size_bytes: number; variant: { pruning: Report | null } | null };
  }[];
};

/** What pruning did. */
export type Report = {
  cut: {
    achieved_pruning_ratio: number;
    bytes_after: number;
    layers: { layer: number; weights_before: number; weights_after: number }[];
    curve: { removed_share: number; perplexity: number }[];
  };
  check: { n_chunks: number; base_perplexity: number; perplexity: number };
};

/** Reading the calibration text, searching and checking take minutes. */
const RUN_TIME = 900_000;

export class Pruning {
  readonly section: Locator;
  readonly runButton: Locator;
  readonly cancelButton: Locator;
  readonly ratio: Locator;
  readonly method: Locator;
  readonly quick: Locator;
  readonly then: Locator;
  readonly quality: Locator;
  readonly forecast: Locator;

  constructor(readonly page: Page) {
    this.section = page.locator('#pruning');
    this.runButton = page.getByRole('button', { name: 'Run pruning' });
    this.cancelButton = this.section.getByRole('button', { name: 'Cancel' });
    this.ratio = this.section.getByRole('slider', { name: 'Pruning ratio' });
    this.method = this.section.getByLabel('Method');
    this.quick = this.section.getByRole('checkbox', { name: /^Quick/ });
    this.then = this.section.getByLabel('Then quantize');
    this.quality = this.section.getByRole('checkbox', { name: /^Measure what it costs/ });
    this.forecast = this.section.locator('#pruning-forecast');
  }

  static async open(page: Page): Promise<[Dashboard, Pruning]> {
    return [await Dashboard.open(page), new Pruning(page)];
  }

  async start(): Promise<void> {
    await this.runButton.click();
    await this.reaches('running');
  }

  async reaches(status: Status): Promise<void> {
    await expect(this.section).toHaveAttribute('data-status', status, { timeout: RUN_TIME });
  }
}

/** The report of a run's only variant. */
export function reportOf(run: Run): Report {
  const report = run.arms[1]?.model.variant?.pruning;
  if (!report) throw new Error(`run ${run.id} has no pruned variant`);
  return report;
}

export async function latestPruned(page: Page): Promise<Run> {
  return (await latestComparison(page.request)) as unknown as Run;
}
