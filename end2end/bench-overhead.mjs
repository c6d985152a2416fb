#!/usr/bin/env node
// Measures what watching a run costs its decode speed, within single requests.
//
// A model decodes long answers while the dashboard is open in Chromium. Every
// few seconds the server (sampling, events, history) and the browser are halted
// by a signal, or go on; the worker never notices, and keeps the time of every
// token. Halted and not, in pairs of neighbouring windows whose order
// alternates, are compared: launches differ by more than what is looked for.
//
// Where others use the memory of the machine, speed varies by more than that
// even from window to window. So the time is compared too that the worker's
// threads were ready and had no core, which only processes of this machine
// cause. At worst every thread waits for the one that was held up: their sum is
// what decoding lost at most.

import { parseArgs } from 'node:util';

import {
  ask,
  centreInterval,
  cpuSeconds,
  descendants,
  isLinux,
  launchBrowser,
  machine,
  meanInterval,
  say,
  sleep,
  waitedSeconds,
  withServer,
} from './bench.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '20' },
    'max-tokens': { type: 'string', default: '3000' },
    'window-seconds': { type: 'string', default: '4' },
  },
});
const [model] = positionals;
if (!model) throw new Error('usage: bench-overhead.mjs MODEL.gguf [--requests N]');
if (!isLinux) throw new Error('processes are halted and their time is read as Linux does it');
const windowMs = Number(values['window-seconds']) * 1000;
const settings = {
  iterations: 1,
  n_ctx: 4096,
  max_tokens: Number(values['max-tokens']),
  test_queries: Array(Number(values.requests)).fill('Tell me a long story.'),
};
/** Between the announcement of a request and its start, as the server leaves it. */
const SETTLE_MS = 50;

/** The server and the browser: whoever watches the worker. */
function watchers(server) {
  const workers = new Set(descendants(server.pid));
  const browser = descendants(process.pid).filter((pid) => pid !== server.pid && !workers.has(pid));
  const signal = (name) => {
    for (const pid of [server.pid, ...browser]) process.kill(pid, name);
  };
  return {
    halt: () => signal('SIGSTOP'),
    goOn: () => signal('SIGCONT'),
    cpu: () => ({
      server: cpuSeconds(server.pid),
      browser: browser.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
      waited: descendants(server.pid).reduce((sum, pid) => sum + waitedSeconds(pid), 0),
    }),
  };
}

/** Calls `onStart` at the start of every request, until the run is over. */
async function follow(url, id, onStart) {
  const events = await fetch(`${url}/events/runs/${id}`);
  let text = '';
  for await (const chunk of events.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const messages = text.split('\n\n');
    text = messages.pop();
    for (const message of messages) {
      const data = /^data: ?(.*)$/m.exec(message);
      const event = data && JSON.parse(data[1]);
      if (event?.type === 'stage' && event.name === 'generating') onStart(event.prompt);
      if (event?.type === 'failed') throw new Error(event.failure.message);
    }
  }
}

/** Halts and resumes the watchers from window to window until told to end. */
async function alternate(watching, windows, isOver) {
  // with, without, without, with, ...
  for (let n = 0; !isOver(); n++) {
    const isWatched = n % 4 === 0 || n % 4 === 3;
    if (isWatched) watching.goOn();
    else watching.halt();
    const [start, before] = [performance.now(), watching.cpu()];
    await sleep(windowMs);
    const [end, after] = [performance.now(), watching.cpu()];
    const percent = (what) => ((after[what] - before[what]) / (end - start)) * 1e5;
    const shares = ['server', 'browser', 'waited'].map((what) => [what, percent(what)]);
    windows.push({ n, isWatched, start, end, ...Object.fromEntries(shares) });
  }
  watching.goOn();
}

/** Decode speed of the tokens that lie wholly in a window, tokens/s; none where
 * the window is not wholly within one request. */
function speed(window, requests) {
  const within = requests.find(({ first, last }) => first <= window.start && window.end <= last);
  if (!within) return null;
  const gaps = within.tokens.filter(({ from, to }) => window.start <= from && to <= window.end);
  return gaps.length / (gaps.reduce((sum, { from, to }) => sum + (to - from), 0) / 1000);
}

/** The times of a request's tokens on this program's clock, ms. */
function timeline({ generation }, start) {
  let at = start + generation.time_to_first_token_s * 1000;
  const first = at;
  const tokens = generation.token_gaps_ns.map((ns) => ({ from: at, to: (at += ns / 1e6) }));
  return { first, last: at, tokens };
}

await withServer(async (server) => {
  const { models } = await ask(server.url, '/api/models');
  const found = models.find(({ file_name }) => model.endsWith(file_name));
  if (!found) throw new Error(`${model} is not among the demo models`);
  const browser = await launchBrowser();
  const version = browser.version();
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  // It answers when the run is over, later than fetch waits; its events tell.
  ask(server.url, '/api/benchmark/baseline', { model: found.id, ...settings }).catch(() => {});
  await page.goto(server.url);
  await page.locator('#baseline[data-status="running"] .gauges').scrollIntoViewIfNeeded();

  const [{ id }] = await ask(server.url, '/api/runs');
  const [starts, windows] = [new Map(), []];
  let isOver = false;
  const alternating = { done: null };
  await follow(server.url, id, (prompt) => {
    starts.set(prompt, performance.now() + SETTLE_MS);
    say(`request ${prompt} of ${settings.test_queries.length}`);
    alternating.done ??= alternate(watchers(server), windows, () => isOver);
  });
  isOver = true;
  await alternating.done;
  await browser.close();

  const { requests: samples } = await ask(server.url, `/api/runs/${id}/export?format=json`);
  const requests = samples
    .filter(({ prompt }) => starts.has(prompt))
    .map((sample) => timeline(sample, starts.get(sample.prompt)));
  const [pairs, waits] = [[], []];
  for (let n = 0; n + 1 < windows.length; n += 2) {
    const [one, other] = [windows[n], windows[n + 1]];
    const [watched, halted] = one.isWatched ? [one, other] : [other, one];
    const speeds = [speed(watched, requests), speed(halted, requests)];
    if (!speeds.every(Boolean)) continue;
    pairs.push(Math.log(speeds[0] / speeds[1]));
    waits.push(watched.waited - halted.waited);
  }
  const { mean, halfWidth } = meanInterval(pairs);
  const percent = (log) => `${((1 - Math.exp(log)) * 100).toFixed(2)} %`;
  const watched = windows.filter(({ isWatched }) => isWatched);
  const share = (who) => watched.reduce((sum, w) => sum + w[who], 0) / watched.length;
  console.log('| what watching costs | |');
  console.log('|---|---|');
  console.log(
    `| throughput, server and open dashboard against both halted | ${percent(mean)} ` +
      `(95 % interval ${percent(mean + halfWidth)} to ${percent(mean - halfWidth)}, ` +
      `${pairs.length} pairs of ${windowMs / 1000} s) |`,
  );
  const centre = centreInterval(pairs);
  console.log(
    `| the same by ranks (Hodges-Lehmann), which disturbed windows move little | ` +
      `${percent(centre.centre)} (95 % interval ${percent(centre.high)} to ${percent(centre.low)}) |`,
  );
  const waited = meanInterval(waits);
  const waitedPercent = (value) => `${value.toFixed(2)} %`;
  console.log(
    `| time that the worker's threads waited for a core, watched more than halted | ` +
      `${waitedPercent(waited.mean)} (95 % interval ${waitedPercent(waited.mean - waited.halfWidth)} ` +
      `to ${waitedPercent(waited.mean + waited.halfWidth)}) |`,
  );
  const waitedCentre = centreInterval(waits);
  console.log(
    `| the same by ranks | ${waitedPercent(waitedCentre.centre)} ` +
      `(95 % interval ${waitedPercent(waitedCentre.low)} to ${waitedPercent(waitedCentre.high)}) |`,
  );
  console.log(`| processor time of the server, of one core | ${share('server').toFixed(2)} % |`);
  console.log(`| processor time of the browser, of one core | ${share('browser').toFixed(2)} % |`);
  console.log(
    `\n${found.name} ${found.file_type}, ${starts.size} requests of ${settings.max_tokens} tokens.` +
      `\n${machine(version)}.`,
  );
});
