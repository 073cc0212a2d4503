import { createServer } from 'node:https';
import t from 'tap';
import { type Certificate, makeCertificate, serviceNames } from './certificate.ts';
import { eventually } from './eventually.ts';
import { type Plane, startPlane } from './plane.ts';
import { createPods, setPodReady } from './pods.ts';

interface Deployment {
  readonly status?: { readonly availableReplicas?: number; readonly updatedReplicas?: number };
}
interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses: readonly { readonly ready: boolean; readonly started: boolean }[];
  };
}
interface ReplicaSet {
  readonly spec: { readonly replicas: number; readonly template: Pick<Pod, 'spec'> };
  readonly status: { readonly readyReplicas?: number };
}

let plane: Plane;
t.before(async () => {
  plane = await startPlane({ auditLog: true, crds: ['istio'], users: { auditor: { name: 'auditor', groups: ['auditors'] } } });
  await plane.createNamespace('shop');
});
t.teardown(() => plane.stop());

const isReady = ({ status }: Pod) => status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');

function deployment(version: string, readyDelay: string, labels: Readonly<Record<string, string>> = {}): object {
  const annotations = { 'pod-ready.stage.kwok.x-k8s.io/delay': readyDelay };
  const template = {
    metadata: { labels: { app: 'web', ...labels }, annotations },
    spec: { containers: [{ name: 'app', image: `app:${version}` }] },
  };
  const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' }, spec };
}

async function available(count: number): Promise<void> {
  const get = () => plane.get<Deployment>('deployment', 'web', 'shop');
  await eventually(async () => (await get()).status?.availableReplicas === count, { what: `${count} available replicas` });
}

await t.test('a Deployment becomes available, and a rollout of slow pods stays in the middle', async (t) => {
  await plane.apply(deployment('1', '500ms'), { user: 'developer' });
  await available(3);
  await plane.apply(deployment('2', '1h'), { user: 'developer' });
  await eventually(async () => (await plane.get<Deployment>('deployment', 'web', 'shop')).status?.updatedReplicas === 1, {
    what: 'one updated pod',
  });
  const sets = await plane.list<ReplicaSet>('replicasets', 'shop');
  const readyOf = Object.fromEntries(
    sets.map(({ spec, status }): [string, number[]] => [
      spec.template.spec.containers[0]?.image ?? '',
      [spec.replicas, status.readyReplicas ?? 0],
    ]),
  );
  t.same(readyOf, { 'app:1': [3, 3], 'app:2': [1, 0] });
  const slow = await eventually(
    async () => (await plane.list<Pod>('pods', 'shop', 'app=web')).find((pod) => !isReady(pod) && pod.status.podIP),
    { what: 'a pod that runs and is not ready' },
  );
  t.match(slow.status, { phase: 'Running', containerStatuses: [{ ready: false, started: true }] });
});

await t.test('a pod turns unready and ready again, and a pod may never become ready', async (t) => {
  const pods = await plane.list<Pod>('pods', 'shop', 'app=web');
  const name = pods.find(isReady)?.metadata.name ?? '';
  const turned = (ready: boolean) => async () => isReady(await plane.get<Pod>('pod', name, 'shop')) === ready;
  await plane.kubectl(['annotate', 'pod', name, 'rollback-bouncer.dev/turn-unready=true'], { namespace: 'shop' });
  await eventually(turned(false), { what: 'the pod unready' });
  await plane.kubectl(['annotate', 'pod', name, 'rollback-bouncer.dev/turn-unready-'], { namespace: 'shop' });
  await eventually(turned(true), { what: 'the pod ready' });

  await plane.apply(deployment('3', '0s', { 'rollback-bouncer.dev/never-ready': 'true' }));
  const never = async () =>
    (await plane.list<Pod>('pods', 'shop', 'rollback-bouncer.dev/never-ready=true')).find(({ status }) => status.podIP);
  t.notOk(isReady(await eventually(never, { what: 'the pod that is never ready' })));
  await plane.kubectl(['delete', 'deployment', 'web'], { namespace: 'shop' });
  await eventually(async () => (await plane.list('pods', 'shop')).length === 0, { what: 'no pods' });
});

await t.test('users have the rights they are given, and no more', async (t) => {
  const role = ['create', 'clusterrole', 'all', '--verb=*', '--resource=*.*'];
  t.match((await plane.kubectl(role, { user: 'developer', expectFailure: true })).stderr, /forbidden/i);
  t.equal((await plane.api('/api/v1/nodes', { user: 'auditor', expectFailure: true })).status, 403);
  await plane.bindRole('auditor', 'system:aggregate-to-view');
  // The API server's authorizer learns of a binding a moment after it is stored.
  const mayList = async (): Promise<boolean> =>
    (await plane.api('/api/v1/namespaces', { user: 'auditor', expectFailure: 'either' })).status === 200;
  t.ok(await eventually(mayList, { what: 'the new right to be in force' }));
  const can = async (user: string, ...what: string[]) =>
    (await plane.kubectl(['auth', 'can-i', ...what], { user, namespace: 'shop', expectFailure: 'either' })).code === 0;
  t.equal(await can('developer', 'update', 'deployments'), true);
  t.equal(await can('viewer', 'get', 'deployments'), true);
  t.equal(await can('viewer', 'update', 'deployments'), false);
  await t.rejects(plane.kubectl(['get', 'nothing']), /unexpected exit code 1/);
  await t.rejects(plane.api('/api/v1/namespaces/none'), /unexpected status 404/);
});

/** A webhook that denies everything under its name. */
async function startDenier(
  { cert, key }: Certificate,
  name: string,
  asked: string[],
): Promise<{ port: number; close: () => void }> {
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { uid } = (JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } }).request;
      asked.push(name);
      const denial = { uid, allowed: false, status: { code: 403, message: `no, says ${name}` } };
      response.setHeader('connection', 'close'); // or the API server keeps to the first replica
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: denial }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, close: () => void server.close() };
}

function denyConfigMaps(caBundle: string): object {
  const webhook = {
    name: 'guard.test.dev',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    timeoutSeconds: 1,
    clientConfig: { service: { namespace: 'shop', name: 'guard', path: '/validate' }, caBundle },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
  };
  const metadata = { name: 'guard' };
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata, webhooks: [webhook] };
}

await t.test('the API server reaches a webhook through its Service, on loopback only', async (t) => {
  const certificate = await makeCertificate(serviceNames('shop', 'guard'));
  const { caBundle } = certificate;
  const asked: string[] = [];
  const listen = async (name: string) => {
    const { port, close } = await startDenier(certificate, name, asked);
    t.teardown(close);
    return port;
  };
  await plane.endpoints.createService('shop', 'guard');
  await plane.endpoints.write('shop', 'guard', [
    { name: 'a', port: await listen('a') },
    { name: 'b', port: await listen('b'), ready: false },
  ]);
  await plane.apply(denyConfigMaps(caBundle));
  const create = async () => {
    const args = ['create', 'configmap', 'x', '--dry-run=server'];
    return (await plane.kubectl(args, { namespace: 'shop', expectFailure: 'either' })).stderr;
  };
  const says = (what: RegExp) => eventually(async () => what.test(await create()), { what: String(what) });
  await says(/no, says a/);
  await plane.endpoints.setReady('shop', 'guard', 'a', false);
  await plane.endpoints.setReady('shop', 'guard', 'b', true);
  await says(/no, says b/);
  t.same(new Set(asked), new Set(['a', 'b']));
  t.same(plane.endpoints.refused(), []);
  await plane.endpoints.write('shop', 'guard', [{ name: 'c', port: 'blackhole', address: '192.0.2.77' }]);
  await says(/deadline exceeded/);
  plane.endpoints.route('192.0.2.77:8443', undefined);
  await says(/502|Bad Gateway/);
  t.ok(plane.endpoints.refused().includes('192.0.2.77:8443'));
  await plane.kubectl(['delete', 'validatingwebhookconfiguration', 'guard']);
});

await t.test('helm 3 and 4 install a chart', async (t) => {
  const chart = t.testdir({
    'Chart.yaml': 'apiVersion: v2\nname: tiny\nversion: 0.1.0\n',
    templates: { 'configmap.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata: {}\n' },
  });
  for (const major of [3, 4] as const) {
    t.match((await plane.helm(major, ['version', '--short'])).stdout, new RegExp(`^v${major}\\.`));
    await plane.helm(major, ['install', `tiny-${major}`, chart], { namespace: 'shop', user: 'developer' });
    t.match(await plane.get('configmap', `tiny-${major}`, 'shop'), { metadata: { name: `tiny-${major}` } });
  }
});

await t.test('many pods with a status of our own', async (t) => {
  await plane.createNamespace('crowd');
  await createPods(plane.api, { namespace: 'crowd', count: 200, prefix: 'pod', nodeName: 'node-1', labels: { app: 'crowd' } });
  await setPodReady(plane.api, 'crowd', 'pod-7', false);
  const pods = await plane.list<Pod>('pods', 'crowd');
  t.equal(pods.length, 200);
  t.same(
    pods.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name),
    ['pod-7'],
  );
});

await t.test('CRDs, the audit log and a restart of the API server', async (t) => {
  t.match((await plane.kubectl(['get', 'virtualservices', '-A'])).stderr, /No resources found/);
  await plane.restart('kube-apiserver');
  t.equal((await plane.api('/api/v1/namespaces/shop')).status, 200);
  const denied = plane
    .auditEvents()
    .filter((event) => (event as { responseStatus?: { code?: number } }).responseStatus?.code === 403);
  t.ok(denied.length > 0);
});

await t.test('a plane that cannot start says why', async (t) => {
  await t.rejects(startPlane({ apiserverFlags: ['--no-such-flag'] }), /kube-apiserver ended[^]*unknown flag: --no-such-flag/);
});
