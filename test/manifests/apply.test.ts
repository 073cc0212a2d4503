import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { webhookConfiguration } from '../../scripts/generate-webhooks.ts';
import type { Policy } from '../../src/core/policy.ts';
import { policies } from '../../src/policies/index.ts';
import { binary } from '../controlplane/assets.ts';
import { eventually } from '../controlplane/eventually.ts';
import { startPlane } from '../controlplane/plane.ts';
import { installations, repository, stage } from './rendered.ts';
import { weightJump } from '../../src/policies/weight-jump/policy.ts';

interface PodTemplate {
  readonly metadata: object;
  readonly spec: object;
}

const manifests = stage(t);
const plane = await startPlane({ components: [], crds: ['cert-manager', 'istio'] });
t.teardown(() => plane.stop());

const install = (installation: string, ...more: readonly string[]) =>
  plane.kubectl(['apply', '--server-side', '--force-conflicts', '-k', path.join(manifests, installation), ...more]);
const configurations = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'];
const uninstallWebhooks = () => plane.kubectl(['delete', '--ignore-not-found', configurations.join(','), 'rollback-bouncer']);

const deployment = (name: string, namespace: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] } },
  },
});
const namespace = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const modes = ['enforce', 'warn', 'audit', 'off'];
await plane.apply([
  namespace('shop'),
  namespace('cert-manager'),
  ...modes.map((mode) => namespace(mode, { 'rollback-bouncer.dev/mode': mode })),
]);

/** Waits until such a Deployment is (not) stored: a change of webhook configurations takes the API server a moment to notice. */
async function isAdmitted(name: string, expected = true): Promise<boolean> {
  await eventually(async () => (await admitted(name)) === expected, {
    what: `${name} ${expected ? 'admitted' : 'refused'}`,
    timeoutMs: 10_000,
  });
  return true;
}
const isRefused = (name: string) => isAdmitted(name, false);

/** Does the API server store a Deployment in this namespace while no replica of ours runs? */
async function admitted(name: string): Promise<boolean> {
  const created = await plane.apply(deployment('anything', name), { expectFailure: 'either' });
  if (created.code !== 0 && !created.stderr.includes('enforce.rollback-bouncer.dev')) throw new Error(created.stderr);
  await plane.kubectl(['delete', 'deployment', 'anything', '--ignore-not-found', '-n', name]);
  return created.code === 0;
}

for (const installation of installations) {
  await t.test(`${installation} is accepted by the API server`, async (t) => {
    const { stderr } = await install(installation);
    t.equal(stderr, '', 'without a warning');
    const again = await install(installation);
    t.match(again.stdout, 'deployment.apps/rollback-bouncer serverside-applied');

    const { spec } = await plane.get<{ spec: { template: PodTemplate } }>('deployment', 'rollback-bouncer', 'rollback-bouncer');
    const { metadata, spec: podSpec } = spec.template;
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'as-the-deployment-makes-it' }, spec: podSpec };
    const created = await plane.kubectl(['create', '--dry-run=server', '-f', '-'], {
      namespace: 'rollback-bouncer',
      input: JSON.stringify(pod),
    });
    t.match(created.stdout, 'created (server dry run)', 'its pods are admitted as restricted');
    t.equal(created.stderr, '');

    const privileged = { ...pod, spec: { ...podSpec, hostNetwork: true } };
    const refused = await plane.kubectl(['create', '--dry-run=server', '-f', '-'], {
      namespace: 'rollback-bouncer',
      input: JSON.stringify(privileged),
      expectFailure: true,
    });
    t.match(refused.stderr, 'violates PodSecurity "restricted', 'which is checked');
  });
}

await t.test('which writes pass while every replica is down', async (t) => {
  const strict = new Map([['shop', false], ...modes.map((mode): [string, boolean] => [mode, mode !== 'enforce'])]);
  await install('base');
  for (const [name, passes] of strict) t.ok(await isAdmitted(name, passes), `base, namespace ${name}`);
  for (const name of ['kube-system', 'rollback-bouncer', 'cert-manager']) t.ok(await isAdmitted(name), `base, namespace ${name}`);

  await install('overlays/strict');
  for (const name of strict.keys()) t.ok(await isRefused(name), `strict, namespace ${name}`);
  for (const name of ['kube-system', 'rollback-bouncer', 'cert-manager'])
    t.ok(await isAdmitted(name), `strict, namespace ${name}`);
});

await t.test('the commands of docs/break-glass.md', async (t) => {
  const page = readFileSync(path.join(repository, 'docs/break-glass.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  const env = {
    PATH: `${path.dirname(binary('kubectl'))}:${process.env['PATH'] ?? ''}`,
    KUBECONFIG: plane.kubeconfig(),
    HOME: plane.folder.home,
  };
  const run = (start: string) => {
    const block = blocks.find((candidate) => candidate.startsWith(start))!;
    execFileSync('bash', ['-eo', 'pipefail', '-c', block], { cwd: path.dirname(manifests), env, stdio: 'pipe' });
    blocks.splice(blocks.indexOf(block), 1);
  };

  await install('base');
  t.ok(await isRefused('shop'), 'blocked');
  run('kubectl delete validatingwebhookconfiguration');
  t.ok(await isAdmitted('shop'), 'deleting the validating configuration opens the door');
  run('kubectl get pods');
  run('kubectl apply');
  t.ok(await isRefused('shop'), 'applying the manifests closes it');
  run('kubectl patch validatingwebhookconfiguration');
  t.ok(await isAdmitted('shop'), 'failing open opens it');
  await install('base');
  t.ok(await isRefused('shop'), 'and is undone');
  run('kubectl label namespace shop');
  t.ok(await isAdmitted('shop'), 'a label opens the door of one namespace');
  await plane.kubectl(['label', 'namespace', 'shop', 'rollback-bouncer.dev/mode-']);
  run('kubectl get configmap');
  const { data } = await plane.get<{ data: Record<string, string> }>('configmap', 'rollback-bouncer', 'rollback-bouncer');
  t.match(
    parse(data['config.yaml']!),
    { mode: 'audit', floor: 'off', policies: { 'startup-probe': { mode: 'enforce' } } },
    'kill switch',
  );
  run('kubectl delete mutatingwebhookconfiguration');
  t.strictSame(blocks, [], 'nothing on the page is untried');

  await install('overlays/failure-policy-ignore');
  t.ok(await isAdmitted('shop'), 'the overlay opens the door, too');
});

await t.test('our account', async (t) => {
  await install('base');
  const { stdout: token } = await plane.kubectl(['create', 'token', 'rollback-bouncer'], { namespace: 'rollback-bouncer' });
  const as = `--token=${token.trim()}`;
  for (const resource of ['namespaces', 'replicasets.apps'])
    t.match((await plane.kubectl(['get', resource, '-A', as])).stderr, /^(No resources|$)/);
  const may = async (...question: readonly string[]) =>
    (await plane.kubectl(['auth', 'can-i', ...question, as], { expectFailure: 'either' })).stdout.trim();
  for (const verb of ['get', 'list', 'watch']) {
    t.equal(await may(verb, 'replicasets.apps', '-A'), 'yes', `${verb} ReplicaSets`);
    for (const where of ['rollback-bouncer', 'kube-system', 'shop'])
      t.equal(await may(verb, 'secrets', '-n', where), 'no', `${verb} Secrets in ${where}`);
  }
  for (const verb of ['create', 'update', 'patch', 'delete'])
    t.equal(await may(verb, 'deployments.apps', '-A'), 'no', `${verb} Deployments`);

  const schema = await plane.get('flowschema', 'rollback-bouncer');
  const level = await plane.get('prioritylevelconfiguration', 'rollback-bouncer');
  const { stderr: headers } = await plane.kubectl(['get', '--raw', '/apis/apps/v1/replicasets', '-v=9', as]);
  t.match(headers, new RegExp(`Flowschema-Uid: ${schema.metadata.uid!}`, 'i'), 'its reads have a flow of their own');
  t.match(headers, new RegExp(`Prioritylevel-Uid: ${level.metadata.uid!}`, 'i'), 'and seats of their own');
});

await t.test('the order of docs/install.md leaves nothing behind', async (t) => {
  await install('overlays/dev-certs');
  await uninstallWebhooks();
  await plane.kubectl(['delete', '-k', path.join(manifests, 'overlays/dev-certs'), '--ignore-not-found', '--wait=false']);
  for (const kind of ['clusterroles', 'clusterrolebindings', 'flowschemas', 'prioritylevelconfigurations', ...configurations]) {
    const left = (await plane.list(kind)).filter(({ metadata }) => metadata.name === 'rollback-bouncer');
    t.strictSame(left, [], kind);
  }
});

await t.test('scaling: only what goes to zero arrives', async (t) => {
  const match = { group: 'apps', resources: ['deployments', 'deployments/scale'], operations: ['UPDATE', 'DELETE'] } as const;
  const planted: Policy = { ...policies[0]!, phases: ['validate'], matches: [match] };
  await plane.apply(deployment('shop-window', 'shop'));
  await plane.apply(webhookConfiguration('validate', [planted])!);
  t.teardown(uninstallWebhooks);

  /** Nobody answers and the entry fails closed: a request that is sent is refused. */
  const sent = async (...args: readonly string[]) => {
    const { code, stderr } = await plane.kubectl(args, { namespace: 'shop', expectFailure: 'either' });
    t.notMatch(stderr, /matchConditions|expression/, 'the condition itself never fails');
    return code !== 0 && stderr.includes('enforce.rollback-bouncer.dev');
  };
  await eventually(() => sent('annotate', 'deployment', 'shop-window', 'waiting=true', '--overwrite'), {
    what: 'the webhook in force',
  });
  t.notOk(await sent('scale', 'deployment/shop-window', '--replicas=1'), 'scaling to one');
  t.notOk(await sent('scale', 'deployment/shop-window', '--replicas=5'), 'scaling to five');
  t.ok(await sent('scale', 'deployment/shop-window', '--replicas=0'), 'scaling to zero');
  const patch = (...spec: readonly string[]) => sent('patch', 'deployment', 'shop-window', '--type=merge', '-p', ...spec);
  t.ok(await patch('{"spec":{"replicas":null}}', '--subresource=scale'), 'a scale without replicas');
  t.ok(await patch('{"spec":null}', '--subresource=scale'), 'a scale without spec');
  t.ok(await patch('{"spec":{"replicas":4}}'), 'the Deployment itself, whatever it is scaled to');
  t.ok(await sent('delete', 'deployment', 'shop-window'), 'its removal');
});

await t.test('routes: sent from everywhere, in every version, whatever the mode label', async (t) => {
  const istio = (kind: string, where: string, version: string) => ({
    apiVersion: `networking.istio.io/${version}`,
    kind,
    metadata: { name: `${kind.toLowerCase()}-${version}`, namespace: where },
    spec:
      kind === 'DestinationRule'
        ? { host: 'checkout-api-svc' }
        : { hosts: ['checkout.api.internal'], http: [{ route: [{ destination: { host: 'checkout-api-svc' } }] }] },
  });
  /** Nobody answers and the entry fails closed: a request that is sent is refused. */
  const sent = async (object: object) => {
    const { code, stderr } = await plane.apply(object, { expectFailure: 'either' });
    if (code !== 0 && !stderr.includes('routes.rollback-bouncer.dev')) throw new Error(stderr);
    return code !== 0;
  };
  const stored = istio('VirtualService', 'off', 'v1');
  await plane.apply({ ...stored, metadata: { ...stored.metadata, name: 'stored' } });
  await plane.apply(webhookConfiguration('validate', [weightJump])!);
  t.teardown(uninstallWebhooks);
  await eventually(() => sent(istio('VirtualService', 'shop', 'v1beta1')), { what: 'the webhook in force' });
  for (const where of ['shop', 'cert-manager', ...modes])
    for (const version of ['v1', 'v1beta1', 'v1alpha3'])
      t.ok(await sent(istio('VirtualService', where, version)), `VirtualService ${version} in ${where}`);
  t.notOk(await sent(istio('VirtualService', 'kube-system', 'v1')), 'not of the system');
  t.ok(await sent(istio('DestinationRule', 'shop', 'v1')), 'a DestinationRule may hide another');
  const removed = await plane.kubectl(['delete', 'virtualservice', 'stored'], { namespace: 'off', expectFailure: true });
  t.match(removed.stderr, 'routes.rollback-bouncer.dev', 'so may a removal');
});
