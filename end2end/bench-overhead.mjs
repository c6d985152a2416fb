#!/usr/bin/env node
// Measures what watching a run costs it. The same model and settings are
// measured in turns (the order changes from round to round, so that a machine
// that drifts favours none):
//
//   bare     `whittle bench --no-gauges`: no sampling, no progress, no server
//   served   by the server, with sampling and events, nobody watching
//   watched  the same, and Chromium follows it on the dashboard
//
// The ratio of decode speeds within a round is the result.

import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';

import {
  ask,
  cpuSeconds,
  descendants,
  isLinux,
  launchBrowser,
  machine,
  median,
  program,
  say,
  sleep,
  withFolder,
  withServer,
} from './bench.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    iterations: { type: 'string', default: '3' },
    'max-tokens': { type: 'string', default: '128' },
  },
});
const [model] = positionals;
if (!model) throw new Error('usage: bench-overhead.mjs MODEL.gguf [--rounds N]');
const rounds = Number(values.rounds);
const settings = { iterations: Number(values.iterations), max_tokens: Number(values['max-tokens']) };

/** Decode speed of a finished run, tokens/s. */
function speed(run) {
  const reading = run.arms[0]?.tokens_per_second;
  if (!reading?.measured) throw new Error(`run ${run.id}: ${run.failure?.message ?? 'no speed'}`);
  return reading.measured.mean;
}

async function bare(folder) {
  const args = ['bench', model, '--no-gauges', '--json', '--data-dir', folder];
  args.push('--iterations', `${settings.iterations}`, '--max-tokens', `${settings.max_tokens}`);
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 1 << 26 });
  return { speed: speed(JSON.parse(stdout)) };
}

/** CPU seconds that the server, without its workers, and the browser use during `work`. */
async function withCpu(serverPid, work) {
  const browserSeconds = () => {
    const server = new Set([serverPid, ...descendants(serverPid)]);
    const browser = descendants(process.pid).filter((pid) => !server.has(pid));
    return browser.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  };
  if (!isLinux) return { ...(await work()), cpu: null };
  const before = { server: cpuSeconds(serverPid), browser: browserSeconds() };
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  const percent = (after, before) => ((after - before) / seconds) * 100;
  return {
    ...result,
    cpu: {
      server: percent(cpuSeconds(serverPid), before.server),
      browser: percent(browserSeconds(), before.browser),
    },
  };
}

async function lastSpeed(url) {
  const [{ id }] = await ask(url, '/api/runs');
  return { speed: speed(await ask(url, `/api/runs/${id}`)) };
}

async function served({ url, pid }, id) {
  return withCpu(pid, async () => {
    // It answers when the run is over: nothing is asked in between.
    await ask(url, '/api/benchmark/baseline', { model: id, ...settings });
    return lastSpeed(url);
  });
}

async function watched({ url, pid }, id, onVersion) {
  const browser = await launchBrowser();
  onVersion(browser.version());
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    await page.locator('body[data-hydrated="true"]').waitFor();
    // The form holds the settings of the last run; set all the same.
    await page.locator('#model').selectOption(id);
    await page.locator('details.settings').evaluate((details) => (details.open = true));
    await page.getByLabel(/^Iterations/).fill(String(settings.iterations));
    await page.getByLabel(/^Tokens per prompt/).fill(String(settings.max_tokens));
    const ended = page.evaluate(async () => {
      const section = document.querySelector('#baseline');
      const until = (status) =>
        new Promise((resolve) => {
          // Playwright's own waiting would look at every frame.
          const look = () => section.dataset.status === status && resolve();
          new MutationObserver(look).observe(section, { attributeFilter: ['data-status'] });
          look();
        });
      await until('running');
      document.querySelector('.gauges').scrollIntoView();
      await until('done');
    });
    await sleep(1000);
    return await withCpu(pid, async () => {
      await page.getByRole('button', { name: 'Run baseline' }).click();
      await ended;
      return lastSpeed(url);
    });
  } finally {
    await browser.close();
  }
}

function row(name, ratios) {
  const sorted = [...ratios].sort((a, b) => a - b);
  const cost = (1 - median(ratios)) * 100;
  const spread = `${sorted[0].toFixed(3)} to ${sorted.at(-1).toFixed(3)}`;
  console.log(`| ${name} | ${median(ratios).toFixed(4)} (${spread}) | ${cost.toFixed(1)} % |`);
}

await withFolder((folder) =>
  withServer(async (server) => {
    const { models } = await ask(server.url, '/api/models');
    const found = models.find(({ file_name }) => model.endsWith(file_name));
    if (!found) throw new Error(`${model} is not among the demo models`);
    let version = 'unknown';
    const arms = {
      bare: () => bare(folder),
      served: () => served(server, found.id),
      watched: () => watched(server, found.id, (its) => (version = its)),
    };
    const results = [];
    for (let round = 0; round < rounds; round++) {
      const order = Object.keys(arms);
      // Every order once in six rounds.
      order.push(...order.splice(0, round % 3));
      if (round % 6 > 2) order.reverse();
      const result = {};
      for (const arm of order) {
        result[arm] = await arms[arm]();
        say(`round ${round + 1} of ${rounds}, ${arm}: ${result[arm].speed.toFixed(1)} tokens/s`);
      }
      results.push(result);
    }
    const ratios = (over, under) => results.map((r) => r[over].speed / r[under].speed);
    console.log('| decode speed | median ratio (lowest to highest) | cost |');
    console.log('|---|---|---|');
    row('sampling, events, history / none', ratios('served', 'bare'));
    row('an open dashboard / none', ratios('watched', 'served'));
    row('all of it / none', ratios('watched', 'bare'));
    const cpu = (arm, who) => median(results.map((r) => r[arm].cpu?.[who] ?? NaN)).toFixed(2);
    console.log(
      `\n${rounds} rounds of ${settings.iterations} launches, ${settings.max_tokens} tokens for ` +
        `each of the default prompts, ${found.name} ${found.file_type}. CPU, % of one core: the ` +
        `server ${cpu('served', 'server')} unwatched and ${cpu('watched', 'server')} watched, ` +
        `the browser ${cpu('watched', 'browser')}.\n${machine(version)}.`,
    );
  }),
);
