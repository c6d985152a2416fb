// The dashboard, in a user's words.

import { type APIRequestContext, expect, type Locator, type Page } from '@playwright/test';

import { open } from './journey.ts';

export type Status = 'idle' | 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

type Reading<T> = { measured: T } | { not_measured: string };
type Figure = { mean: number };

/** What the journeys read of `/api/runs/{id}`. */
export type Run = {
  id: number;
  status: Status;
  spec: { prompts: string[]; settings: { iterations: number; max_tokens: number } };
  failure: { kind: string; message: string; log_tail: string[] } | null;
  arms: {
    model: { size_bytes: number };
    response_time_s: Reading<Figure>;
    time_to_first_token_ms: Reading<Figure>;
    tokens_per_second: Reading<Figure>;
    prompt_tokens_per_second: Reading<Figure>;
    cpu_usage_percent: Reading<Figure>;
    cpu_seconds_per_1000_tokens: Reading<Figure>;
    memory: Reading<{ peak_mb: Figure }>;
  }[];
};

/** What is asked, and how it is measured. */
export type Job = { prompts: string[]; iterations: number; maxTokens: number; warmUps?: number };

/** A run long enough to do something while it goes on. */
export const LONG: Job = { prompts: ['Tell me a long story.'], iterations: 20, maxTokens: 500, warmUps: 0 };
/** The shortest run that measures everything; a warm-up would take as long again. */
export const SHORT: Job = { prompts: ['What is autism?'], iterations: 1, maxTokens: 16, warmUps: 0 };

const RUN_TIME = 120_000;

export class Dashboard {
  readonly section: Locator;
  readonly runButton: Locator;
  readonly cancelButton: Locator;

  constructor(readonly page: Page) {
    this.section = page.locator('#baseline');
    this.runButton = page.getByRole('button', { name: 'Run baseline' });
    this.cancelButton = this.section.getByRole('button', { name: 'Cancel' });
  }

  static async open(page: Page): Promise<Dashboard> {
    await open(page, '/');
    return new Dashboard(page);
  }

  prompt(number: number): Locator {
    return this.page.getByRole('textbox', { name: new RegExp(`^Prompt ${number}\\b`) });
  }

  /** Fills in what is asked and how it is measured; without warm-ups: as it stands. */
  async fill(job: Job): Promise<void> {
    for (const [index, text] of job.prompts.entries()) {
      const box = this.prompt(index + 1);
      if (!(await box.isVisible())) {
        await this.page.getByRole('button', { name: 'Add a prompt' }).click();
      }
      await box.fill(text);
    }
    // The ones left over from the defaults, from the last.
    const boxes = this.page.getByRole('textbox', { name: /^Prompt \d+/ });
    for (let left = await boxes.count(); left > job.prompts.length; left--) {
      await this.page.getByRole('button', { name: `Remove prompt ${left}`, exact: true }).click();
      await expect(boxes).toHaveCount(left - 1);
    }
    const settings = this.page
      .locator('details')
      .filter({ has: this.page.locator('summary', { hasText: 'Settings' }) });
    if (!(await settings.evaluate((details: HTMLDetailsElement) => details.open))) {
      await settings.locator('summary').click();
    }
    await settings.getByLabel(/^Iterations/).fill(String(job.iterations));
    await settings.getByLabel(/^(Max tokens|Tokens per prompt)/).fill(String(job.maxTokens));
    if (job.warmUps !== undefined) await settings.getByLabel(/^Warm-ups/).fill(String(job.warmUps));
  }

  async start(job: Job): Promise<void> {
    await this.fill(job);
    await this.runButton.click();
    await this.reaches('running');
  }

  async reaches(status: Status): Promise<void> {
    await expect(this.section).toHaveAttribute('data-status', status, { timeout: RUN_TIME });
  }
}

/** The raw figures of the metric cards on `page`. */
export async function cards(page: Page): Promise<Record<string, number>> {
  const found = await page
    .locator('[id^="metric-"][data-value]')
    .evaluateAll((all) => all.map((card) => [card.id, Number(card.getAttribute('data-value'))]));
  return Object.fromEntries(found) as Record<string, number>;
}

/** The figures of a stored run, under the names of their cards. */
export function figures(run: Run): Record<string, number> {
  const arm = run.arms[0];
  if (!arm) throw new Error(`run ${run.id} has measured nothing`);
  const memory = measured(arm.memory);
  return {
    'metric-tokens-per-second': measured(arm.tokens_per_second).mean,
    'metric-response-time': measured(arm.response_time_s).mean,
    'metric-time-to-first-token': measured(arm.time_to_first_token_ms).mean,
    'metric-memory': memory.peak_mb.mean,
    'metric-cpu': measured(arm.cpu_usage_percent).mean,
    'metric-model-size': arm.model.size_bytes / 1e6,
    'metric-prompt-tokens-per-second': measured(arm.prompt_tokens_per_second).mean,
    'metric-cpu-seconds': measured(arm.cpu_seconds_per_1000_tokens).mean,
  };
}

function measured<T>(reading: Reading<T>): T {
  if ('measured' in reading) return reading.measured;
  throw new Error(`not measured: ${reading.not_measured}`);
}

/** Same cards, and figures that differ at most in how a number is written. */
export function expectFigures(shown: Record<string, number>, stored: Record<string, number>): void {
  for (const [id, value] of Object.entries(stored)) {
    expect(value, `${id} as stored`).toBeGreaterThan(0);
    expect(Math.abs((shown[id] ?? NaN) / value - 1), `${id} as shown`).toBeLessThan(1e-9);
  }
}

export async function latestRun(request: APIRequestContext): Promise<Run> {
  const list = (await (await request.get('/api/runs')).json()) as { id: number }[];
  const latest = list[0];
  if (!latest) throw new Error('no run is stored');
  return (await (await request.get(`/api/runs/${latest.id}`)).json()) as Run;
}
