#!/usr/bin/env node
// Measures what the front end costs: time to first byte under load, the bytes
// before and after a page is hydrated, the time until then, and the idle server.

import http from 'node:http';

import {
  ask,
  cpuSeconds,
  isLinux,
  launchBrowser,
  machine,
  median,
  percentile,
  residentBytes,
  say,
  sleep,
  withServer,
} from './bench.mjs';

const CONNECTIONS = 50;
const REQUESTS = 2000;
const PAGES = 10;
const LATER_SECONDS = 3; // the rest is loaded one second after the page stands
const IDLE_SECONDS = 10;
const ENCODINGS = { 'accept-encoding': 'gzip, deflate, br' }; // as a browser sends

/** One request; the time to its first byte in ms, and what came. */
function get(url, options = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const request = http.get(url, { ...options, headers: ENCODINGS }, (response) => {
      const firstByteMs = performance.now() - start;
      response.resume();
      response.on('end', () => {
        if (response.statusCode !== 200) {
          return reject(new Error(`${url} answered ${response.statusCode}`));
        }
        resolve({ firstByteMs });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** Times to first byte of `/`, asked for by all connections at once. */
async function firstBytes(url) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const asked = async (n) => {
    const times = [];
    let left = n;
    const connection = async () => {
      while (left-- > 0) times.push((await get(`${url}/`, { agent })).firstByteMs);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    return times;
  };
  await asked(CONNECTIONS * 4); // Opens the connections and warms up.
  const times = await asked(REQUESTS);
  agent.destroy();
  return times;
}

/** Opens `url` with nothing cached, until `work` of the tab is done. */
async function inFreshContext(browser, url, work) {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    window.hydratedMs = new Promise((resolve) => {
      const look = () => document.body?.dataset.hydrated && resolve(performance.now());
      const attributes = { subtree: true, attributeFilter: ['data-hydrated'] };
      new MutationObserver(look).observe(document, attributes);
    });
  });
  const tab = await context.newPage();
  await tab.goto(url);
  const result = await work(tab);
  await context.close();
  return result;
}

/** The files of the front end with their bytes as sent, and whether the page waited for them. */
function files(browser, url) {
  return inFreshContext(browser, url, async (tab) => {
    const hydratedMs = await tab.evaluate(() => window.hydratedMs);
    await sleep(LATER_SECONDS * 1000);
    const entries = await tab.evaluate(() =>
      performance.getEntriesByType('resource').map((entry) => entry.toJSON()),
    );
    return entries
      .map((entry) => ({
        path: new URL(entry.name).pathname,
        bytes: entry.encodedBodySize,
        isFirst: entry.startTime < hydratedMs,
      }))
      .filter((file) => file.path.startsWith('/pkg/'))
      .sort((a, b) => b.isFirst - a.isFirst || b.bytes - a.bytes);
  });
}

/** Navigation start to hydrated, in ms by the page's clock, nothing cached. */
async function hydration(browser, url) {
  const times = [];
  // The first one also starts parts of the browser; it is not counted.
  for (let page = 0; page <= PAGES; page++) {
    times.push(await inFreshContext(browser, url, (tab) => tab.evaluate(() => window.hydratedMs)));
  }
  return times.slice(1);
}

/** Memory and CPU of the server while nobody asks for anything. */
async function idle(pid) {
  await sleep(2000);
  const before = cpuSeconds(pid);
  const start = performance.now();
  await sleep(IDLE_SECONDS * 1000);
  const seconds = (performance.now() - start) / 1000;
  return {
    megabytes: residentBytes(pid) / 1e6,
    percent: ((cpuSeconds(pid) - before) / seconds) * 100,
  };
}

await withServer(async ({ url, pid }) => {
  say('one short run, for a dashboard with figures');
  await ask(url, '/api/benchmark/baseline', { iterations: 1, max_tokens: 16 });
  const row = (name, value) => console.log(`| ${name} | ${value} |`);
  row('front end', 'measured');
  console.log('|---|---|');

  say(`${REQUESTS} requests over ${CONNECTIONS} connections`);
  const times = await firstBytes(url);
  row(
    `first byte of \`/\`, ${CONNECTIONS} connections at once, n = ${times.length}`,
    `P50 ${percentile(times, 0.5).toFixed(1)} ms, P99 ${percentile(times, 0.99).toFixed(1)} ms`,
  );

  say(`${PAGES} pages in fresh contexts`);
  const browser = await launchBrowser();
  const sent = await files(browser, url);
  const hydrated = await hydration(browser, url);
  const version = browser.version();
  await browser.close();
  const kB = (bytes) => `${(bytes / 1e3).toFixed(1)} kB`;
  for (const { path, bytes, isFirst } of sent) {
    row(`\`${path}\` as sent, ${isFirst ? 'before the page is hydrated' : 'once it stands'}`, kB(bytes));
  }
  const [least, most] = [Math.min(...hydrated), Math.max(...hydrated)].map((ms) => ms.toFixed(0));
  row(
    `navigation to hydrated, nothing cached, n = ${hydrated.length}`,
    `median ${median(hydrated).toFixed(0)} ms (${least} to ${most})`,
  );

  say(`the idle server for ${IDLE_SECONDS} s`);
  if (isLinux) {
    const { megabytes, percent } = await idle(pid);
    row('idle server, resident', `${megabytes.toFixed(1)} MB`);
    row(`idle server, CPU over ${IDLE_SECONDS} s`, `${percent.toFixed(2)} % of one core`);
  } else {
    row('idle server', "not measured: read from Linux's `/proc`");
  }
  console.log(`\n${machine(version)}.`);
});
