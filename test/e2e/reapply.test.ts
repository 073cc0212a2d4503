import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test as Tap } from 'tap';
import { deployment, namespace, onPort, startCluster, storyProbe, watching, withImage, type Manifest } from './cluster.ts';

// Every client applies the manifest that knows nothing of the probe, again and again: nothing may move.
// A PUT drops the revision annotation, and the API server counts that as a generation of its own; so each Deployment has a
// control beside it that runs no JVM and gets the same treatment: their generations have to agree.
const { plane } = await startCluster();
const times = 20;
const text = (manifest: Manifest): string => JSON.stringify(manifest);

interface Client {
  readonly title: string;
  readonly name: string;
  readonly put: boolean;
  readonly create: (manifest: Manifest) => Promise<unknown>;
  readonly again: (manifest: Manifest) => Promise<unknown>;
}

const control = (name: string): Manifest =>
  deployment(`${name}-control`, ({ spec }) => (spec.template.spec.containers[0]!['env'] = []));
const kubectl =
  (...args: readonly string[]) =>
  (manifest: Manifest) =>
    plane.kubectl([...args, '-f', '-'], { namespace, input: text(manifest) });
const serverSide = kubectl('apply', '--server-side', '--field-manager=gitops', '--force-conflicts');
const patched = (manifest: Manifest): Promise<unknown> =>
  plane.kubectl(['patch', 'deployment', manifest.metadata.name, '--type=merge', '-p', text(manifest)], { namespace });

const clients: readonly Client[] = [
  { title: 'kubectl apply', name: 'client-side', put: false, create: kubectl('apply'), again: kubectl('apply') },
  { title: 'kubectl apply --server-side', name: 'server-side', put: false, create: serverSide, again: serverSide },
  // A merge patch replaces lists whole, so the probe is gone from what is sent to be stored.
  { title: 'kubectl patch --type=merge', name: 'merge-patch', put: false, create: kubectl('create'), again: patched },
  { title: 'kubectl replace', name: 'replaced', put: true, create: kubectl('create'), again: kubectl('replace') },
];

/** Nothing has moved since the first rollout, but for what the same treatment moves on a container without a JVM. */
async function nothingMoved(t: Tap, name: string, put: boolean, pods: readonly string[]): Promise<void> {
  const watched = watching(plane, name);
  t.strictSame(await watched.probe(), storyProbe);
  const { generation } = (await watched.stored()).metadata;
  t.equal(generation, (await watching(plane, `${name}-control`).stored()).metadata.generation, 'as the control');
  if (!put) t.equal(generation, 1, 'generation does not move');
  t.equal((await watched.replicaSets()).length, 1);
  t.strictSame(await watched.podUids(), pods);
}

for (const { title, name, put, create, again } of clients) {
  await t.test(`${title}, ${times} times`, async (t) => {
    const watched = watching(plane, name);
    await create(deployment(name));
    await create(control(name));
    t.strictSame(await watched.probe(), storyProbe);
    await Promise.all([watched.rolledOut(), watching(plane, `${name}-control`).rolledOut()]);
    const pods = await watched.podUids();
    for (let count = 0; count < times; count += 1) await Promise.all([again(deployment(name)), again(control(name))]);
    await nothingMoved(t, name, put, pods);
  });
}

/** A chart with these manifests, gone when the test ends. */
function chartOf(t: Tap, name: string, manifests: string): string {
  const chart = mkdtempSync(join(tmpdir(), 'chart-'));
  t.teardown(() => rmSync(chart, { recursive: true }));
  mkdirSync(join(chart, 'templates'));
  writeFileSync(join(chart, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`);
  writeFileSync(join(chart, 'templates/deployment.yaml'), manifests);
  return chart;
}

const releases: readonly { readonly major: 3 | 4; readonly flags: readonly string[]; readonly put: boolean }[] = [
  { major: 3, flags: [], put: false },
  { major: 3, flags: ['--force'], put: true },
  { major: 4, flags: [], put: false },
  { major: 4, flags: ['--server-side=false'], put: false },
];

for (const { major, flags, put } of releases) {
  await t.test(`helm ${major} upgrade ${flags.join(' ')}, ${times} times`, async (t) => {
    const name = `helm${major}${flags.join('').replaceAll(/[^a-z]/g, '')}`;
    const chart = chartOf(t, name, `${text(deployment(name))}\n---\n${text(control(name))}\n`);
    const watched = watching(plane, name);
    await plane.helm(major, ['install', name, chart], { namespace });
    t.strictSame(await watched.probe(), storyProbe);
    await Promise.all([watched.rolledOut(), watching(plane, `${name}-control`).rolledOut()]);
    const pods = await watched.podUids();
    for (let count = 0; count < times; count += 1) await plane.helm(major, ['upgrade', name, chart, ...flags], { namespace });
    await nothingMoved(t, name, put, pods);
  });
}

await t.test('a moved health port takes our probe along, with every client', async (t) => {
  for (const { title, name, again } of clients) {
    const before = (await watching(plane, name).stored()).metadata.generation;
    await again(deployment(name, onPort(9090), withImage('2.1.0')));
    t.strictSame(await watching(plane, name).probe(), { ...storyProbe, httpGet: { ...storyProbe.httpGet, port: 9090 } }, title);
    t.equal((await watching(plane, name).stored()).metadata.generation, before + 1, `${title}: one change, one generation`);
  }
});

await t.test('an author’s probe is kept, and once taken away it is not put back', async (t) => {
  const own = { tcpSocket: { port: 8080 }, periodSeconds: 5, failureThreshold: 40, successThreshold: 1, timeoutSeconds: 1 };
  const withOwn = deployment('authors', ({ spec }) => (spec.template.spec.containers[0]!['startupProbe'] = own));
  const watched = watching(plane, 'authors');
  await plane.apply(withOwn);
  t.strictSame(await watched.probe(), own);
  await plane.apply(deployment('authors'));
  t.strictSame(await watched.probe(), storyProbe, 'ours comes with the rollout that the author caused');
});

await t.test('an author’s probe of another kind wins over ours, though a three-way merge keeps both', async (t) => {
  const own = { tcpSocket: { port: 8080 }, periodSeconds: 10, failureThreshold: 40 };
  const withOwn = (name: string): Manifest =>
    deployment(name, ({ spec }) => (spec.template.spec.containers[0]!['startupProbe'] = own));
  const stored = { tcpSocket: { port: 8080 }, periodSeconds: 10, failureThreshold: 40, timeoutSeconds: 5, successThreshold: 1 };
  await plane.apply(deployment('merged'));
  await plane.apply(withOwn('merged'));
  t.strictSame(await watching(plane, 'merged').probe(), stored, 'kubectl apply');
  for (const major of [3, 4] as const) {
    const name = `merged-helm${major}`;
    const chart = chartOf(t, name, text(deployment(name)));
    await plane.helm(major, ['install', name, chart], { namespace });
    t.strictSame(await watching(plane, name).probe(), storyProbe);
    writeFileSync(join(chart, 'templates/deployment.yaml'), text(withOwn(name)));
    await plane.helm(major, ['upgrade', name, chart], { namespace });
    t.match(await watching(plane, name).probe(), { tcpSocket: { port: 8080 }, failureThreshold: 40 }, `helm ${major}`);
  }
});

await t.test('a moved health port takes our probe along with Helm, too', async (t) => {
  for (const major of [3, 4] as const) {
    const name = `moved-helm${major}`;
    const chart = chartOf(t, name, text(deployment(name)));
    await plane.helm(major, ['install', name, chart], { namespace });
    writeFileSync(join(chart, 'templates/deployment.yaml'), text(deployment(name, onPort(9090), withImage('2.1.0'))));
    await plane.helm(major, ['upgrade', name, chart], { namespace });
    t.strictSame(await watching(plane, name).probe(), { ...storyProbe, httpGet: { ...storyProbe.httpGet, port: 9090 } });
  }
});
