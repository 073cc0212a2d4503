/** `make demo`: the story of the README on a real control plane. Fails when the story does not come true. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../test/controlplane/eventually.ts';
import { installWebhook } from '../test/controlplane/installation.ts';
import { startPlane } from '../test/controlplane/plane.ts';
import { narrator } from './narrator.ts';

const namespace = 'prod-eu-central';
const manifest = 'demo/checkout-api.yaml';
const startupProbe = '{.spec.template.spec.containers[0].startupProbe}';

process.chdir(join(import.meta.dirname, '..'));
console.log(
  'Starting etcd, kube-apiserver, controller-manager, scheduler and kwok, and installing the webhook by its manifests …',
);
const plane = await startPlane();
try {
  await play();
} finally {
  await plane.stop();
}

async function play(): Promise<void> {
  await plane.createNamespace(namespace);
  const veteran = readFileSync(manifest, 'utf8').replaceAll('checkout-api', 'orders-api');
  await plane.kubectl(['create', '-f', '-'], { input: veteran });
  await plane.kubectl(['rollout', 'status', 'deployment/orders-api', '-n', namespace]);
  const installation = await installWebhook(plane);
  const { chapter, say, kubectl, audit, expect } = narrator(plane, installation);
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
  const warm = (await pods()).map(({ uid }) => uid);
  await kubectl(['patch', 'deployment', 'orders-api', '-n', namespace, '-p', JSON.stringify(stuck)]);
  await eventually(async () => (await pods()).length > 4, { what: 'pods of the new release' });
  audit('orders-api');
  await kubectl(['rollout', 'undo', 'deployment/orders-api', '-n', namespace]);
  await kubectl(['rollout', 'status', 'deployment/orders-api', '-n', namespace]);
  await eventually(async () => (await pods()).length === 4, { what: 'the new pods to go' });
  const kept = (await pods()).filter(({ uid }) => warm.includes(uid)).length;
  audit('orders-api');
  expect(`${kept} of the 4 warm pods served all the time`, kept >= 3);

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

async function pods(): Promise<readonly Pod[]> {
  const stored = await plane.list<{ readonly metadata: Pod }>('pods', namespace, 'app=orders-api');
  return stored.map(({ metadata }) => metadata);
}
