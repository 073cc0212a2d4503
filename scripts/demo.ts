/** `make demo`: the story of the README on a real control plane. Fails when the story does not come true. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../test/controlplane/eventually.ts';
import { installWebhook } from '../test/controlplane/installation.ts';
import { startPlane } from '../test/controlplane/plane.ts';
import type { ToolResult } from '../test/controlplane/kubectl.ts';
import { narrator, type Narrator } from './narrator.ts';

const namespace = 'prod-eu-central';
const manifest = 'demo/checkout-api.yaml';
/** Seconds until a pod is warm: a minute where nobody watches. */
const warmSeconds = 5;
const startupProbe = '{.spec.template.spec.containers[0].startupProbe}';

process.chdir(join(import.meta.dirname, '..'));
console.log(
  'Starting etcd, kube-apiserver, controller-manager, scheduler and kwok, and installing the webhook by its manifests …',
);
const plane = await startPlane({ crds: ['istio'] });
const folder = mkdtempSync(join(tmpdir(), 'rollback-bouncer-demo-'));
try {
  await play();
} finally {
  await plane.stop();
  rmSync(folder, { recursive: true });
}

async function play(): Promise<void> {
  await plane.createNamespace(namespace);
  const veteran = readFileSync(manifest, 'utf8').replaceAll('checkout-api', 'orders-api');
  await plane.kubectl(['create', '-f', '-'], { input: veteran });
  await plane.kubectl(['rollout', 'status', 'deployment/orders-api', '-n', namespace]);
  const config = join(folder, 'config.yaml');
  const policies = `policies: { weight-jump: { warmSeconds: ${warmSeconds}, dwellSeconds: 0 } }`;
  writeFileSync(config, `apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\n${policies}\n`);
  const installation = await installWebhook(plane, { config });
  const teller = narrator(plane, installation);
  const { chapter, say, kubectl, audit, expect } = teller;
  say(`Kubernetes is up after ${(plane.startMs / 1000).toFixed(1)} s, and rollback-bouncer is at the door.`);

  chapter('A JVM comes without a bouncer');
  say('checkout-api has a liveness and a readiness probe, and says it is ready long before it can serve.\n');
  await kubectl(['apply', '-f', manifest], { user: 'developer' });
  const probe = await kubectl(['get', 'deployment', 'checkout-api', '-n', namespace, '-o', `jsonpath=${startupProbe}`]);
  audit('checkout-api');
  expect(
    'it is stored with a startupProbe: 30 tries, 10 s apart, before anybody may knock',
    /"path":"\/health\/ready".*"periodSeconds":10/.test(probe),
  );
  await kubectl(['rollout', 'status', 'deployment/checkout-api', '-n', namespace]);

  chapter('The same manifest again, which knows nothing of the probe');
  await kubectl(['apply', '-f', manifest], { user: 'developer' });
  await kubectl(['replace', '-f', manifest], { user: 'developer' });
  const sets = await kubectl(['get', 'replicasets', '-n', namespace, '-l', 'app=checkout-api']);
  audit('checkout-api');
  expect('one ReplicaSet, and it is the first one', sets.trim().split('\n').length === 2);

  chapter('A release gets stuck, and somebody undoes it in mid-rollout');
  say('orders-api was here before the webhook: its four pods are warm, and installing the webhook did not touch them.');
  say('A webhook that adds a probe to every template would now replace them by cold ones, in the middle of the fire.\n');
  const stuck = { spec: { template: { metadata: { annotations: { 'pod-ready.stage.kwok.x-k8s.io/delay': '1h' } } } } };
  const warm = (await podsOf('orders-api')).map(({ uid }) => uid);
  await kubectl(['patch', 'deployment', 'orders-api', '-n', namespace, '-p', JSON.stringify(stuck)]);
  await eventually(async () => (await podsOf('orders-api')).length > 4, { what: 'pods of the new release' });
  audit('orders-api');
  await kubectl(['rollout', 'undo', 'deployment/orders-api', '-n', namespace]);
  await kubectl(['rollout', 'status', 'deployment/orders-api', '-n', namespace]);
  await eventually(async () => (await podsOf('orders-api')).length === 4, { what: 'the new pods to go' });
  const kept = (await podsOf('orders-api')).filter(({ uid }) => warm.includes(uid)).length;
  audit('orders-api');
  expect(`${kept} of the 4 warm pods served all the time`, kept >= 3);

  await halfOfTheCustomers(teller);
  await upTheLadder(teller);
  await back(teller);

  say(`
What to try next:
  make up                                         a plane of your own, with the webhook, until Ctrl-C
  node_modules/.bin/node src/main.ts check -f ${manifest}   the same verdict without any cluster
  docs/install.md                                 your own cluster, beginning with overlay adopt: it only watches`);
  await installation.stop();
}

interface Pod {
  readonly uid: string;
}

async function podsOf(app: string): Promise<readonly Pod[]> {
  const stored = await plane.list<{ readonly metadata: Pod }>('pods', namespace, `app=${app}`);
  return stored.map(({ metadata }) => metadata);
}

async function halfOfTheCustomers({ chapter, say, kubectl, attempt, audit, expect }: Narrator): Promise<void> {
  chapter('Half of the customers, please');
  say('checkout-api-stable carries all of the traffic with eight pods. The release before it is called back: checkout-api, four');
  say('pods, a JVM that takes its time. A mesh does not fall back: what it sends to a subset without ready pods is a 503.\n');
  await kubectl(['apply', '-f', 'demo/mesh.yaml']);
  await kubectl(['rollout', 'status', 'deployment/checkout-api-stable', '-n', namespace]);
  await startSlowly('1h');
  await warm();
  const first = await attempt(['apply', '-f', 'demo/route-50-50.yaml']);
  expect('denied already as the first route there is', denied(first, '0% -> 50% needs 4 ready pods, has 0 (desired 4)'));
  await kubectl(['apply', '-f', 'demo/route.yaml']);
  say('');
  const again = await attempt(['apply', '-f', 'demo/route-50-50.yaml']);
  audit('checkout-api-vs');
  expect(
    'denied as a change, with numbers, and with what to do',
    denied(again, 'Largest share now: 0%. Retry when ready (kubectl rollout'),
  );
  expect('nobody was sent anywhere', (await shares()) === '100/0');
}

async function upTheLadder({ chapter, say, kubectl, attempt, audit, expect }: Narrator): Promise<void> {
  chapter('Up the ladder: 1, 10, 50, 100');
  say(
    `The message says what to wait for. A pod is warm a minute after it got ready; here it is ${warmSeconds} s, since you are watching.\n`,
  );
  await startSlowly('0s');
  await kubectl(['rollout', 'status', 'deployment/checkout-api', '-n', namespace]);
  // Its EndpointSlice follows within a second.
  await sleep(1500);
  await attempt(shift(99, 1));
  await attempt(shift(90, 10));
  expect('1 and 10 percent pass as soon as pods are ready', (await shares()) === '90/10');
  const cold = await attempt(shift(50, 50));
  expect('50 percent do not: they are ready, and not warm', denied(cold, 'needs 4 warm pods, has 0 (4 ready)'));
  await warm();
  const all = await attempt(shift(0, 100));
  expect('nor do 100, when they are warm: four pods do not carry what eight did', denied(all, 'needs 7 ready pods, has 4'));
  await attempt(shift(50, 50));
  expect('50 percent pass', (await shares()) === '50/50');
  say('\nWhat the denial said, word for word:');
  await kubectl(/more pods \(kubectl (scale [^)]+)\)/.exec(all.stderr)?.[1]?.split(' ') ?? []);
  await kubectl(['rollout', 'status', 'deployment/checkout-api', '-n', namespace]);
  await warm();
  const top = await attempt(shift(0, 100));
  expect('and 100 percent pass, without a word', (await shares()) === '0/100' && top.stderr === '');
  say('\nEach decision has left its line:');
  audit('checkout-api-vs');
  say('\nAnd the same again without stopping on a rung:');
  await attempt(shift(100, 0));
  const leap = await attempt(shift(0, 100));
  audit('checkout-api-vs');
  expect('nothing is in the way of warm pods, and yet it is warned about', leap.stderr.includes('skips the rung at 1%'));
}

async function back({ chapter, say, kubectl, attempt, audit, expect }: Narrator): Promise<void> {
  chapter('The wrong release: everybody back, at once');
  say('Somebody has scaled the stable release down already: one pod is left. It is marked as the last known good.\n');
  await kubectl(['scale', 'deployment/checkout-api-stable', '--replicas=1', '-n', namespace]);
  await eventually(async () => (await podsOf('checkout-api,version=v1-stable')).length === 1, { what: 'one stable pod' });
  const until = `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 19)}Z`;
  const good = `rollback-bouncer.dev/last-known-good=until=${until}; reason=carried all of November`;
  await kubectl(['annotate', 'deployment/checkout-api-stable', good, '-n', namespace]);
  await sleep(1000);
  const home = await attempt(shift(100, 0));
  audit('checkout-api-vs');
  expect('the way back is open, no ladder and no waiting', (await shares()) === '100/0');
  expect('and the warning says in numbers what one pod is worth', /^Warning: .*needs 4 ready pods, has 1/.test(home.stderr));
}

/** Kubernetes tells times in whole seconds. */
function warm(): Promise<void> {
  return sleep(warmSeconds * 1000 + 1100);
}

/** The pods of checkout-api start anew, each ready so much later. */
async function startSlowly(delay: string): Promise<void> {
  const template = { metadata: { annotations: { 'pod-ready.stage.kwok.x-k8s.io/delay': delay } } };
  const on = ['-n', namespace, 'deployment', 'checkout-api'];
  await plane.kubectl(['scale', '-n', namespace, 'deployment/checkout-api', '--replicas=0']);
  await eventually(async () => (await podsOf('checkout-api,version=v1-rollback')).length === 0, { what: 'no pod of it' });
  await plane.kubectl(['patch', ...on, '-p', JSON.stringify({ spec: { replicas: 4, template } })]);
  await eventually(async () => (await podsOf('checkout-api,version=v1-rollback')).length === 4, { what: 'its pods' });
}

function shift(stable: number, rollback: number): readonly string[] {
  const weight = (index: number, value: number): object => ({ op: 'replace', path: `/spec/http/0/route/${index}/weight`, value });
  const patch = JSON.stringify([weight(0, stable), weight(1, rollback)]);
  return ['patch', 'virtualservice', 'checkout-api-vs', '-n', namespace, '--type=json', '-p', patch];
}

function denied({ code, stderr }: ToolResult, words: string): boolean {
  return code !== 0 && stderr.includes('[weight-jump]') && stderr.includes(words);
}

async function shares(): Promise<string> {
  interface Route {
    readonly spec: { readonly http: readonly { readonly route: readonly { readonly weight: number }[] }[] };
  }
  const { spec } = await plane.get<Route>('virtualservice', 'checkout-api-vs', namespace);
  return spec.http[0]?.route.map(({ weight }) => weight).join('/') ?? '';
}
