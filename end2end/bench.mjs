// What the measuring commands share: a server of their own, a browser, the
// machine in words, and small statistics.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

import { chromium } from '@playwright/test';

import { launchOptions } from './browser.mjs';

const cache = join(os.homedir(), '.cache', 'whittle');

/** The release program and the demo models, as the Makefile names them. */
export const program = needed(process.env.WHITTLE_BIN ?? join(cache, 'target', 'release', 'whittle'));
export const demoDir = needed(process.env.DEMO_DIR ?? join(cache, 'demo'));

function needed(path) {
  if (!existsSync(path)) throw new Error(`${path} is missing; run 'make build demo'`);
  return path;
}

/** Gives `use` a new folder and removes it afterwards. */
export async function withFolder(use) {
  const folder = mkdtempSync(join(os.tmpdir(), 'whittle-bench-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives `use` a server with the demo models and a history of its own. */
export async function withServer(use) {
  return withFolder(async (folder) => {
    const args = ['serve', '--addr', '127.0.0.1:0', '--data-dir', folder, '--models', demoDir];
    // Not the Ollama of this machine, whose models would be read first.
    args.push('--no-background', '--ollama', '127.0.0.1:9', '--ollama-store', join(folder, 'no-ollama'));
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      const url = await address(child);
      await settled(url);
      return await use({ url, pid: child.pid });
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  });
}

function address(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr.on('data', (chunk) => (output += chunk));
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found) resolve(found[0]);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the server ended; it printed:\n${output}`)));
  });
}

/** Models appear once their content is hashed. */
async function settled(url) {
  for (;;) {
    const library = await ask(url, '/api/models');
    if (library.models.length > 0 && library.n_pending === 0) return;
    await sleep(200);
  }
}

/** Asks the interface: a POST where there is a body. */
export async function ask(url, path, body) {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  const answer = await fetch(url + path, body && { ...post, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** The browser of the journeys. */
export function launchBrowser() {
  return chromium.launch(launchOptions);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** To a terminal that waits; the results alone go to standard output. */
export const say = (text) => console.error(text);

/** The value below which a share of the values lies, by nearest rank. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Mean of values with half of its 95 % interval (Student t, n - 1; the
 * quantile by the expansion of Fisher and Cornish, right to 0.1 % from n = 6). */
export function meanInterval(values) {
  const [n, z] = [values.length, 1.959963984540054];
  if (n < 6) throw new Error(`${n} values are too few for an interval`);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const [df, standardError] = [n - 1, Math.sqrt(squares / (n - 1) / n)];
  const t = z + (z ** 3 + z) / (4 * df) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df ** 2);
  return { mean, halfWidth: t * standardError };
}

/** The Hodges-Lehmann estimate of the centre of values with its 95 % interval
 * (the Walsh averages between the ranks of the signed-rank test, normal
 * approximation, from n = 20): what a few disturbed pairs move little. */
export function centreInterval(values) {
  const n = values.length;
  if (n < 20) throw new Error(`${n} values are too few for an interval by ranks`);
  const walsh = values.flatMap((one, i) => values.slice(i).map((other) => (one + other) / 2));
  walsh.sort((a, b) => a - b);
  const spread = 1.959963984540054 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
  const k = Math.floor((n * (n + 1)) / 4 - spread);
  return { centre: median(walsh), low: walsh[k], high: walsh[walsh.length - 1 - k] };
}

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/** Seconds that the threads of a process were ready and waited for a core, so far;
 * Linux only. */
export function waitedSeconds(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [, waitedNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return sum + Number(waitedNs) / 1e9;
  }, 0);
}

/** CPU seconds of a process so far, without its children; Linux only. */
export function cpuSeconds(pid) {
  const fields = statFields(pid);
  // Clock ticks, 100 a second on every Linux.
  return fields ? (Number(fields[11]) + Number(fields[12])) / 100 : 0;
}

/** Resident memory of a process, bytes; Linux only. */
export function residentBytes(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib) * 1024;
}

/** The processes that `pid` has started, and theirs; Linux only. */
export function descendants(pid) {
  const parents = new Map();
  for (const entry of readdirSync('/proc')) {
    const fields = /^\d+$/.test(entry) && statFields(entry);
    if (fields) parents.set(Number(entry), Number(fields[1]));
  }
  const isBelow = (child) => {
    const parent = parents.get(child);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** The fields of a process after its name, which may hold spaces. */
function statFields(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null; // It has ended.
  }
}

export const isLinux = process.platform === 'linux';

/** The machine in one line, with how busy it was before. */
const loadBefore = os.loadavg()[0];
export function machine(browserVersion) {
  const cpus = os.cpus();
  return [
    `${cpus.length} logical cores of ${cpus[0]?.model.trim() ?? 'an unknown processor'}`,
    `${(os.totalmem() / 1e9).toFixed(1)} GB`,
    `${os.type()} ${os.release()}`,
    `Node ${process.versions.node}`,
    `Chromium ${browserVersion}`,
    `load average before ${loadBefore.toFixed(1)}`,
  ].join(', ');
}
