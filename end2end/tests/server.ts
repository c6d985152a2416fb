// A Whittle server of a journey's own: free port, data folder of its own.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const cache = join(homedir(), '.cache', 'whittle');
export const binary =
  process.env.WHITTLE_BIN ??
  join(process.env.CARGO_TARGET_DIR ?? join(cache, 'target'), 'release', 'whittle');
export const demoDir = process.env.DEMO_DIR ?? join(cache, 'demo');

/** The hashes that the first server with the demo models computed, as it kept them. */
let hashes: Buffer | undefined;

export class Server {
  /** Everything that it printed, for a report of a failure. */
  output = '';
  private child: ChildProcess;

  private constructor(
    private readonly args: string[],
    readonly dataDir: string,
  ) {
    this.child = this.spawn('127.0.0.1:0');
  }

  private spawn(address: string): ChildProcess {
    return spawn(binary, ['serve', '--addr', address, ...this.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Starts one, with the demo models or with none. */
  static async start(library: 'demo' | 'empty'): Promise<[Server, string]> {
    for (const needed of library === 'demo' ? [binary, demoDir] : [binary]) {
      if (!existsSync(needed)) throw new Error(`${needed} is missing; run 'make build demo'`);
    }
    const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'whittle-journey-')));
    const args = ['--data-dir', dataDir];
    const kept = join(dataDir, 'cache', 'hashes.json');
    if (library === 'demo') {
      args.push('--models', demoDir);
      mkdirSync(join(dataDir, 'cache'));
      if (hashes) writeFileSync(kept, hashes);
    }
    // Not the Ollama of the machine that runs the journeys.
    args.push('--no-background', '--ollama', '127.0.0.1:9', '--ollama-store', join(dataDir, 'no-ollama'));
    const server = new Server(args, dataDir);
    try {
      const url = await server.address();
      if (library === 'demo') {
        await server.librarySettled(url);
        hashes ??= readFileSync(kept);
      }
      return [server, url];
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The address that it says it listens on. */
  private address(): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}; it printed:\n${this.output}`));
      const timer = setTimeout(() => fail('the server named no address within 30 s'), 30_000);
      const read = (chunk: Buffer) => {
        this.output += chunk.toString();
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(this.output);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[0]);
      };
      this.child.stdout?.on('data', read);
      this.child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
      this.child.on('error', (error) => fail(`the server could not be started: ${error.message}`));
      this.child.on('exit', (code, signal) => fail(`the server ended (${signal ?? code})`));
    });
  }

  /** Models appear once their content is hashed. */
  private async librarySettled(url: string): Promise<void> {
    for (const end = Date.now() + 60_000; Date.now() < end; ) {
      const answer = await fetch(`${url}/api/models`);
      const library = (await answer.json()) as { models: unknown[]; n_pending: number };
      if (library.models.length > 0 && library.n_pending === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no model of ${demoDir} could be used within 60 s:\n${this.output}`);
  }

  /** Process ids of its workers that are alive now. */
  workers(): number[] {
    const table = execFileSync('ps', ['-axo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
    return table
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, state, ...command]) => {
        const dead = state?.startsWith('Z');
        return Number(parent) === this.child.pid && !dead && command.includes('worker');
      })
      .map(([pid]) => Number(pid));
  }

  /** Ends it as a power cut would, and keeps its data. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Starts it again after `kill`, on the same data and at the same address. */
  async restart(url: string): Promise<void> {
    this.output = '';
    this.child = this.spawn(new URL(url).host);
    await this.address();
    await this.librarySettled(url);
  }

  /** Ends it as Ctrl-C would, and complains when it does not listen. */
  async stop(): Promise<void> {
    const { child } = this;
    let isKilled = false;
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      const timer = setTimeout(() => (isKilled = child.kill('SIGKILL')), 15_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.dataDir, { recursive: true, force: true });
    if (isKilled) throw new Error(`the server did not end on SIGINT; it printed:\n${this.output}`);
  }
}
