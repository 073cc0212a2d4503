import t from 'tap';
import type { CacheAge } from '../../src/server/metrics.ts';
import { aReview, ask, call, startApp, type RunningApp } from './running-app.ts';

const get = (running: RunningApp, path: string) => call(running, { method: 'GET', path });

void t.test('alive and ready', async (t) => {
  let missing: readonly string[] = [];
  const running = await startApp(t, { notReady: () => missing });
  t.match(await get(running, '/readyz'), { status: 200, text: 'ok\n', headers: { 'content-type': /^text\/plain/ } });
  missing = ['caches not synced', 'certificate expired'];
  t.match(await get(running, '/readyz'), { status: 503, text: 'not ready: caches not synced, certificate expired\n' });
  t.match(await get(running, '/livez'), { status: 200, text: 'ok\n' }, 'which is no reason to be restarted');
  t.equal((await ask(running, 'mutate', aReview()))['allowed'], true, 'nor to refuse those who come');
  missing = [];
  t.equal((await get(running, '/readyz')).status, 200);
  t.equal((await get(running, '/readyz?verbose')).status, 200);
});

/** Samples by series, every line of the text read strictly: https://prometheus.io/docs/instrumenting/exposition_formats/ */
function samplesIn(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (\S+)$/;
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* \S/.test(line)) continue;
    const [, series, value] = sample.exec(line) ?? [];
    if (series === undefined || value === undefined || !/^(nan|[+-]inf|[-+.e\d]+)$/i.test(value))
      throw new Error(`no sample: ${line}`);
    if (samples.has(series)) throw new Error(`twice: ${series}`);
    samples.set(series, Number(value));
  }
  return samples;
}

void t.test('metrics', async (t) => {
  const caches = (): readonly CacheAge[] => [
    { kind: 'replicasets', ageSeconds: 1.5, objects: 7, synced: true },
    { kind: 'namespaces', ageSeconds: -1, objects: 0, synced: false },
  ];
  const running = await startApp(t, { caches });
  await ask(running, 'mutate', aReview());
  await ask(running, 'mutate', aReview());
  await ask(running, 'validate', aReview());
  await call(running, { body: 'no review' });
  running.metrics.certificateLoaded(true, 1_700_000_000_000);
  running.metrics.certificateLoaded(false, 0);
  running.metrics.relisted('replicasets', 'expired');
  running.metrics.watchFailed('namespaces');

  const answer = await get(running, '/metrics');
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const samples = samplesIn(answer.text);
  const expected: Readonly<Record<string, number>> = {
    'decisions_total{phase="mutate",verdict="mutate"}': 2,
    'decisions_total{phase="validate",verdict="warn"}': 1,
    'decision_duration_seconds_count{phase="mutate"}': 2,
    'rejected_calls_total{status="400"}': 1,
    certificate_not_after_timestamp_seconds: 1_700_000_000,
    'certificate_loads_total{result="ok"}': 1,
    'certificate_loads_total{result="refused"}': 1,
    'cache_relists_total{kind="replicasets",reason="expired"}': 1,
    'cache_watch_failures_total{kind="namespaces"}': 1,
    'cache_age_seconds{kind="replicasets"}': 1.5,
    'cache_objects{kind="replicasets"}': 7,
    'cache_synced{kind="replicasets"}': 1,
    'cache_synced{kind="namespaces"}': 0,
  };
  for (const [series, value] of Object.entries(expected)) t.equal(samples.get(`rollback_bouncer_${series}`), value, series);
  t.ok(samples.has('process_resident_memory_bytes'), 'and those of the process');
  t.notMatch(answer.text, /checkout-api|prod-eu-central|developer/, 'no name that a user chooses is a label');
});

void t.test('two applications in one process count for themselves', async (t) => {
  const [one, other] = [await startApp(t), await startApp(t)];
  await ask(one, 'mutate', aReview());
  const series = 'rollback_bouncer_decisions_total{phase="mutate",verdict="mutate"}';
  t.equal(samplesIn((await get(one, '/metrics')).text).get(series), 1);
  t.equal(samplesIn((await get(other, '/metrics')).text).get(series), undefined);
});
