#!/usr/bin/env node
// Measures what a user waits for, through HTTP as the pages ask: the default
// baseline, Q4_0 from Run to its comparison, with nothing made yet, and what
// quality adds to the same comparison. Prints a table of one row.

import { ask, say, sleep, withServer } from './bench.mjs';

// What is wanted, seconds.
const COMPARED_IN = 45;
const QUALITY_IN = 100;
const CHUNKS = 40;
/** How often it is asked whether a run is over, ms: the figures are as exact. */
const INTERVAL = 250;

/** Carries out a run: as it is stored, and the seconds from asking to its end. */
async function timed(url, what, body) {
  say(what);
  const start = performance.now();
  const { id } = await ask(url, '/api/runs', body);
  for (;;) {
    const run = await ask(url, `/api/runs/${id}`);
    const seconds = (performance.now() - start) / 1000;
    if (run.status === 'done') {
      for (const arm of run.arms) for (const reason of arm.unstable) say(`unstable: ${reason}`);
      return { run, seconds };
    }
    if (!['queued', 'running'].includes(run.status)) {
      throw new Error(`${what}: it ended as ${run.status}: ${run.failure?.message ?? 'no reason is known'}`);
    }
    await sleep(INTERVAL);
  }
}

/** The id of the demo's F16. */
async function baselineModel(url) {
  const { models } = await ask(url, '/api/models');
  const found = models.find((model) => model.file_type === 'F16');
  if (!found) throw new Error('the demo models have no F16; run make demo');
  return found.id;
}

await withServer(async ({ url }) => {
  const model = await baselineModel(url);
  const recipes = [{ quantize: { level: 'q4_0' } }];
  const baseline = await timed(url, 'the default baseline', { model });
  const compared = await timed(url, 'Q4_0, made and measured', { model, recipes });
  // The variant is there by now: the two below differ in quality alone.
  const without = await timed(url, 'Q4_0 once more', { model, recipes });
  const asked = { model, recipes, quality: true, quality_chunks: CHUNKS };
  const withQuality = await timed(url, `the same with quality on ${CHUNKS} chunks`, asked);
  const more = withQuality.seconds - without.seconds;

  const { arms, environment, spec } = baseline.run;
  const speed = arms[0].tokens_per_second.measured.mean;
  console.log(
    [
      `| F16 decodes, tokens/s | default baseline, s | Run with Q4_0 to its comparison, s | quality on ${CHUNKS} chunks, s more |`,
      '| --- | --- | --- | --- |',
      `| ${[speed, baseline.seconds, compared.seconds, more].map((value) => value.toFixed(1)).join(' | ')} |`,
      '',
      `${environment.cpu_model}, ${environment.n_threads} threads: ${spec.settings.iterations} launches, ` +
        `${spec.prompts.length} prompts of ${spec.settings.max_tokens} tokens. ` +
        `At most ${COMPARED_IN} s to the comparison and ${QUALITY_IN} s more for quality are wanted.`,
    ].join('\n'),
  );
  if (compared.seconds > COMPARED_IN || more > QUALITY_IN) {
    say('It takes longer than is wanted.');
    process.exitCode = 1;
  }
});
