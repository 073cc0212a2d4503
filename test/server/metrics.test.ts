import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { known, type Fact, type FactCatalogue } from '../../src/core/facts.ts';
import { defaultSettings } from '../../src/core/modes.ts';
import { selector } from '../../src/core/select.ts';
import { policies } from '../../src/policies/index.ts';
import { createMetrics, type Metrics } from '../../src/server/metrics.ts';
import { eventually } from '../controlplane/eventually.ts';
import { aPolicy, someFacts } from '../core/samples.ts';
import { exposition, metricsAfterEverything } from './exposition.ts';
import { aReview, ask, call, startApp } from './running-app.ts';
import { install, nobody, put, serving } from './serving.ts';

/** The value of a series, 0 and absent told apart. */
function valueIn(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const samples = exposition(text).get(`rollback_bouncer_${name}`)?.samples ?? [];
  const wanted = Object.entries(labels);
  return samples.find((sample) => wanted.every(([label, value]) => sample.labels[label] === value))?.value;
}

const values = async ({ registry }: Metrics) => {
  const text = await registry.metrics();
  return (name: string, labels?: Readonly<Record<string, string>>) => valueIn(text, name, labels);
};

/** Denies while there are no ReplicaSets. */
const careful = aPolicy({
  whenBlind: { facts: { ownedReplicaSets: 'deny' }, error: 'deny' },
  evaluate: (_request, { facts: { ownedReplicaSets } }) => {
    if (!ownedReplicaSets.known) return { findings: [], blind: [{ fact: 'ownedReplicaSets' }] };
    return { findings: ownedReplicaSets.value.length > 0 ? [] : [{ code: 'too-cold', detail: { pods: 0 } }] };
  },
});
type Owned = Fact<FactCatalogue['ownedReplicaSets']>;
const unread: Owned = { known: false, why: 'live read: timed out' };
const aReplicaSet = {
  name: 'a',
  uid: 'u',
  createdAt: '2026-11-24T00:00:00Z',
  revision: 1,
  template: {},
  desiredPods: 1,
  readyPods: 1,
};

void t.test('findings are counted by what they ask for and what is done about them', async (t) => {
  let mode = 'enforce';
  const gather = () => someFacts({ namespaceLabels: known(new Map([['rollback-bouncer.dev/mode', mode]])) });
  const running = await startApp(t, { select: selector([careful]), gather });
  await ask(running, 'validate', aReview());
  await ask(running, 'validate', aReview());
  await ask(running, 'validate', aReview({ dryRun: true }));
  mode = 'audit';
  await ask(running, 'validate', aReview());
  const value = await values(running.metrics);
  const finding = { policy: 'a-policy', code: 'too-cold', effect: 'deny' };
  t.equal(value('findings_total', { ...finding, mode: 'enforce', dry_run: 'false' }), 2);
  t.equal(value('findings_total', { ...finding, mode: 'enforce', dry_run: 'true' }), 1, 'a dry run denies nothing');
  t.equal(value('findings_total', { ...finding, mode: 'audit', dry_run: 'false' }), 1, 'what would have been denied');
  t.equal(value('decisions_total', { phase: 'validate', verdict: 'deny' }), 3);
  t.equal(value('decisions_total', { phase: 'validate', verdict: 'allow' }), 1);
});

void t.test('what could not be judged', async (t) => {
  const unjudged = await startApp(t, {
    select: selector([careful]),
    gather: () => someFacts({ ownedReplicaSets: unread }),
  });
  await ask(unjudged, 'validate', aReview());
  t.equal((await values(unjudged.metrics))('unknown_facts_total', { policy: 'a-policy', fact: 'ownedReplicaSets' }), 1);

  const throwing = aPolicy({
    evaluate: () => {
      throw new TypeError('a bug');
    },
  });
  const faulty = await startApp(t, { select: selector([throwing]) });
  await ask(faulty, 'validate', aReview());
  t.equal((await values(faulty.metrics))('policy_errors_total', { policy: 'a-policy' }), 1);

  const broken = await startApp(t, { gather: () => Promise.reject(new TypeError('a bug')) });
  await ask(broken, 'validate', aReview());
  t.equal((await values(broken.metrics))('policy_errors_total', { policy: 'review' }), 1, 'around the policies as well');
});

void t.test('second looks at denials', async (t) => {
  const outcomes: readonly (readonly [string, Owned, Owned])[] = [
    ['confirmed', known([]), known([])],
    ['changed', known([]), known([aReplicaSet])],
    ['failed', known([]), unread],
  ];
  for (const [result, before, after] of outcomes) {
    const first = someFacts({ ownedReplicaSets: before });
    const running = await startApp(t, {
      select: selector([careful]),
      gather: () => first,
      confirm: (facts) => (facts === first ? Promise.resolve(someFacts({ ownedReplicaSets: after })) : undefined),
    });
    await ask(running, 'validate', aReview());
    const value = await values(running.metrics);
    for (const [other] of outcomes)
      t.equal(value('denial_confirmations_total', { result: other }), other === result ? 1 : 0, `${result}: ${other}`);
  }
  const stale = someFacts({ ownedReplicaSets: known([aReplicaSet]) });
  const running = await startApp(t, {
    select: selector([careful]),
    gather: () => stale,
    confirm: (facts) => (facts === stale ? Promise.resolve(someFacts({ ownedReplicaSets: known([aReplicaSet]) })) : undefined),
  });
  await ask(running, 'validate', aReview());
  t.equal((await values(running.metrics))('denial_confirmations_total', { result: 'confirmed' }), 0, 'of a pass there is none');
});

void t.test('the configuration and its kill switch', async (t) => {
  const metrics = createMetrics(() => []);
  metrics.settingsInForce(defaultSettings);
  const before = await values(metrics);
  t.equal(before('kill_switch'), 0);
  t.equal(before('config_mode', { limit: 'ceiling', mode: 'enforce' }), 1);
  t.equal(before('config_mode', { limit: 'floor', mode: 'off' }), 1);
  metrics.settingsInForce({ ...defaultSettings, ceiling: 'audit', floor: 'warn' });
  metrics.settingsRefused();
  const after = await values(metrics);
  t.equal(after('kill_switch'), 1);
  t.equal(after('config_mode', { limit: 'ceiling', mode: 'enforce' }), 0, 'one mode at a time');
  t.equal(after('config_mode', { limit: 'ceiling', mode: 'audit' }), 1);
  t.equal(after('config_mode', { limit: 'floor', mode: 'warn' }), 1);
  t.equal(after('config_stale'), 1);
  t.equal(after('config_loads_total', { result: 'ok' }), 2);
  t.equal(after('config_loads_total', { result: 'refused' }), 1);
  for (const ceiling of ['off', 'warn'] as const) {
    metrics.settingsInForce({ ...defaultSettings, ceiling });
    const value = await values(metrics);
    t.equal(value('kill_switch'), 1, `${ceiling} denies nothing either`);
    t.equal(value('config_stale'), 0);
  }
});

void t.test('what a single count is to be seen of stands at 0', async (t) => {
  const value = await values(createMetrics(() => [], policies));
  for (const { id, needs } of policies) {
    t.equal(value('policy_errors_total', { policy: id }), 0, id);
    for (const fact of needs) t.equal(value('unknown_facts_total', { policy: id, fact }), 0, `${id} ${fact}`);
  }
  t.equal(value('audit_write_failures_total'), 0);
  t.equal(value('ready'), 0, 'not ready before it says so');
});

void t.test('names and units', async (t) => {
  const { registry } = metricsAfterEverything();
  for (const { name, help, type } of await registry.getMetricsAsJSON()) {
    if (!name.startsWith('rollback_bouncer_')) continue;
    t.match(name, /^[a-z]+(_[a-z]+)*$/);
    t.equal(name.endsWith('_total'), String(type) === 'counter', `${name}: counters end in _total, nothing else does`);
    t.notMatch(name, /_(ms|milliseconds|minutes|kb|percent)(_|$)/, 'base units');
    t.match(help, /\.$/, name);
  }
});

void t.test('the process says what it goes by', async (t) => {
  const here = install(t, nobody);
  const config = (mode: string) => `apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\nmode: ${mode}\n`;
  const file = put(here, 'bouncer.yaml', config('enforce'));
  const one = await serving(t, here, { '--config': file });
  const ca = readFileSync(join(here.folder, 'certs/ca.crt'), 'utf8');
  const read = async (name: string, labels?: Readonly<Record<string, string>>) => {
    const { text } = await call({ ...one, pair: { ...one.pair, ca } }, { method: 'GET', path: '/metrics' });
    return valueIn(text, name, labels);
  };
  t.equal(await read('ready'), 0, 'nobody was heard about yet');
  t.equal(await read('kill_switch'), 0);
  t.equal(await read('cache_synced', { kind: 'pods' }), 0);
  t.equal(await read('cache_age_seconds', { kind: 'pods' }), -1);
  t.ok(((await read('certificate_not_after_timestamp_seconds')) ?? 0) * 1000 > Date.now());
  t.equal(await read('unknown_facts_total', { policy: 'weight-jump', fact: 'pods' }), 0);

  writeFileSync(file, config('audit'));
  await eventually(async () => (await read('kill_switch')) === 1, { what: 'the kill switch' });
  t.equal(await read('config_mode', { limit: 'ceiling', mode: 'audit' }), 1);
  writeFileSync(file, config('nonsense'));
  await eventually(async () => (await read('config_stale')) === 1, { what: 'the refusal' });
  t.equal(await read('kill_switch'), 1, 'the last good one stays');
  t.equal(await read('config_loads_total', { result: 'refused' }), 1);
});
