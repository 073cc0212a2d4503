import t from 'tap';
import { installWebhook } from '../controlplane/installation.ts';
import { startPlane } from '../controlplane/plane.ts';
import { eventually } from '../controlplane/eventually.ts';
import { deployment, namespace, slow, storyProbe, watching, withImage } from './cluster.ts';

// Workloads that stood before the webhook came: installing it, and everything that is no rollout, rolls nothing out.
const plane = await startPlane();
t.teardown(() => plane.stop());
await plane.createNamespace(namespace);
await plane.apply([deployment('standing'), deployment('restarted'), deployment('paused'), deployment('resumed')]);
await Promise.all(['standing', 'restarted', 'paused', 'resumed'].map((name) => watching(plane, name).rolledOut()));
const before = await watching(plane, 'standing').podUids();
const installation = await installWebhook(plane);
t.teardown(() => installation.stop());

const on = (...args: readonly string[]): Promise<unknown> => plane.kubectl(args, { namespace });

await t.test('install, scale, annotate, label and status roll nothing out', async (t) => {
  const standing = watching(plane, 'standing');
  const { api } = plane;
  await on('annotate', 'deployment/standing', 'team=checkout');
  await on('label', 'deployment/standing', 'tier=web');
  await on('scale', 'deployment/standing', '--replicas=5');
  await standing.rolledOut();
  await on('scale', 'deployment/standing', '--replicas=4');
  await standing.rolledOut();
  await api(`/apis/apps/v1/namespaces/${namespace}/deployments/standing/status`, {
    method: 'PATCH',
    body: { status: { readyReplicas: 3, availableReplicas: 3 } },
  });
  await plane.apply(deployment('standing'));
  t.equal(await standing.probe(), undefined, 'no probe by stealth');
  t.equal((await standing.replicaSets()).length, 1);
  const kept = (await standing.podUids()).filter((uid) => before.includes(uid));
  t.ok(kept.length >= 3, `the pods are those from before (${kept.length} of 4, one may have gone with the scale down)`);
  t.ok(installation.audit('standing', 'mutate').length >= 2, 'and they were judged, not missed');
});

await t.test('a restart is one rollout, the one that was asked for, and it brings the probe', async (t) => {
  const restarted = watching(plane, 'restarted');
  await on('rollout', 'restart', 'deployment/restarted');
  await restarted.rolledOut();
  t.strictSame(await restarted.probe(), storyProbe);
  t.equal((await restarted.replicaSets()).length, 2, 'before and after, nothing in between');
  t.equal((await restarted.stored()).metadata.generation, 2);
});

await t.test('pause and resume without a change roll nothing out', async (t) => {
  const resumed = watching(plane, 'resumed');
  const pods = await resumed.podUids();
  await on('rollout', 'pause', 'deployment/resumed');
  await on('rollout', 'resume', 'deployment/resumed');
  await eventually(async () => (await resumed.stored()).status?.updatedReplicas === 4, {
    what: 'the resumed Deployment to settle',
  });
  t.equal(await resumed.probe(), undefined);
  t.strictSame(await resumed.podUids(), pods);
});

await t.test('a template changed while paused gets the probe then, and the resume is one rollout', async (t) => {
  const paused = watching(plane, 'paused');
  await on('rollout', 'pause', 'deployment/paused');
  await on('set', 'image', 'deployment/paused', 'checkout-api=registry.example/checkout-api:2.1.0');
  t.strictSame(await paused.probe(), storyProbe, 'judged while paused');
  t.equal((await paused.replicaSets()).length, 1, 'still paused');
  await on('rollout', 'resume', 'deployment/paused');
  await paused.rolledOut();
  t.equal((await paused.replicaSets()).length, 2);
});

await t.test('undo in mid-rollout keeps the warm ReplicaSet and the very same pods', async (t) => {
  // The old release stood before the webhook; the new one never gets ready.
  const undone = watching(plane, 'standing');
  const warm = await undone.podUids();
  await on(
    'patch',
    'deployment/standing',
    '-p',
    JSON.stringify({ spec: deployment('standing', withImage('3.0.0'), slow('1h')).spec }),
  );
  t.strictSame(await undone.probe(), storyProbe, 'the new release has its bouncer');
  await eventually(async () => (await undone.podUids()).length > 4, { what: 'new pods beside the warm ones' });
  const { stderr } = await plane.kubectl(['rollout', 'undo', 'deployment/standing'], { namespace });
  t.match(stderr, /Warning: \[startup-probe\] checkout-api: no startupProbe, [34] of 4 pods stay warm in standing-/);
  await undone.rolledOut();
  t.equal(await undone.probe(), undefined, 'left as it was');
  const sets = await undone.replicaSets();
  t.equal(sets.length, 2, 'no third ReplicaSet');
  const kept = (await undone.podUids()).filter((uid) => warm.includes(uid));
  t.ok(kept.length >= 3, `${kept.length} of 4 pods were never stopped`);
});

await t.test('undo to a ReplicaSet that was scaled down gets the probe', async (t) => {
  // Revision 1 of `restarted` has no probe and no pods.
  const { stderr } = await plane.kubectl(['rollout', 'undo', 'deployment/restarted'], { namespace });
  t.notMatch(stderr, /rollback-bouncer|startup-probe/, 'nothing of ours to warn about');
  const restarted = watching(plane, 'restarted');
  t.strictSame(await restarted.probe(), storyProbe);
  await restarted.rolledOut();
  t.equal((await restarted.replicaSets()).length, 3, 'its pods had to start anyway');
});
