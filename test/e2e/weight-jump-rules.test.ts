import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { binary } from '../controlplane/assets.ts';
import { eventually } from '../controlplane/eventually.ts';
import { namespace } from './cluster.ts';
import { destinationRule, route, startMesh, type Loose } from './mesh.ts';

// Nobody touches a weight here: subsets change, routes go, and other namespaces have their say.
const mesh = await startMesh({ settings: '' });
const { plane, installation, kubectl, apply, weights } = mesh;

const regardless = `at your own risk: kubectl label ns ${namespace} --overwrite rollback-bouncer.dev/weight-jump=warn`;
const subsets = async (): Promise<string> => {
  const { stdout } = await kubectl(['get', 'destinationrule', 'checkout-api-dr', '-o', 'json']);
  return (JSON.parse(stdout) as Loose).spec.subsets!.map(({ name, labels }) => `${name}=${labels['version'] ?? ''}`).join();
};
const stable = ['v1-stable', 'v1-stable'] as const;
const rollback = ['v1-rollback', 'v1-rollback'] as const;

await t.test('a subset that carries traffic does not change its pods for unready ones, nor go', async (t) => {
  t.equal((await apply(destinationRule(stable, rollback, ['v1-spare', 'v1-stable']))).code, 0, 'a subset more');
  t.equal((await apply(route(100, 0))).code, 0);
  const before = await subsets();
  const relabelled = await apply(destinationRule(['v1-stable', 'v1-rollback'], rollback, ['v1-spare', 'v1-stable']));
  t.equal(relabelled.code, 1);
  t.match(
    relabelled.stderr,
    'admission webhook "routes.rollback-bouncer.dev" denied the request: ' +
      '[weight-jump] checkout-api-dr for checkout-api-vs http[0]: v1-stable keeps 100% on other pods, ' +
      'needs 7 ready pods, has 0 (desired 4). Retry with more pods (kubectl scale -n prod-eu-central deployment/checkout-api --replicas=7)',
  );
  const removed = await apply(destinationRule(rollback));
  t.equal(removed.code, 1);
  t.match(
    removed.stderr,
    `[weight-jump] checkout-api-dr: subset v1-stable carries 100% of ${namespace}/checkout-api-vs http[0] (8 ready pods)`,
  );
  t.match(removed.stderr, `Shift the traffic away first, or ${regardless}`);
  const deleted = await kubectl(['delete', 'destinationrule', 'checkout-api-dr']);
  t.equal(deleted.code, 1);
  t.match(deleted.stderr, 'checkout-api-dr: subset v1-stable carries 100%');
  const all = await plane.api(`/apis/networking.istio.io/v1/namespaces/${namespace}/destinationrules`, {
    method: 'DELETE',
    expectFailure: true,
  });
  t.match(all.text, 'subset v1-stable carries 100%', 'nor with all others');
  t.equal(await subsets(), before);
});

await t.test('what carries nothing may change and go', async (t) => {
  const { code, stderr } = await apply(destinationRule(stable, ['v1-rollback', 'v1-elsewhere']));
  t.strictSame({ code, stderr }, { code: 0, stderr: '' });
  t.equal(await subsets(), 'v1-stable=v1-stable,v1-rollback=v1-elsewhere');
  t.equal((await apply(destinationRule(stable, rollback))).code, 0);
});

await t.test('a new subset and the route to it, in one breath', async (t) => {
  for (let count = 0; count < 10; count += 1) {
    const name = `v1-new-${count}`;
    const object = route(95, 0);
    const [first] = object.spec.http![0]!.route;
    object.spec.http![0]!.route = [first!, { destination: { ...first!.destination, subset: name }, weight: 5 }];
    const { code, stderr } = await apply(destinationRule(stable, rollback, [name, 'v1-stable']), object);
    t.equal(code, 0, stderr);
    t.equal((await apply(route(100, 0))).code, 0);
  }
  t.equal((await apply(destinationRule(stable, rollback))).code, 0);
});

await t.test('a rung that is left too soon is warned about, by the time that the API server wrote down', async (t) => {
  await mesh.ready('v1-rollback', 4);
  t.equal((await apply(route(99, 1))).stderr, '');
  await kubectl(['annotate', 'virtualservice', 'checkout-api-vs', 'team=checkout']);
  const { code, stderr } = await apply(route(90, 10));
  t.equal(code, 0);
  t.match(
    stderr,
    /^Warning: \[weight-jump\] checkout-api-vs http\[0\]: v1-rollback 1% -> 10% after [0-3] s; stay 60 s on a rung$/m,
  );
  await mesh.ready('v1-rollback', 0);
});

await t.test('a route that goes is warned about, and its subsets are free then', async (t) => {
  const gone = await kubectl(['delete', 'virtualservice', 'checkout-api-vs']);
  t.equal(gone.code, 0);
  t.equal(gone.stderr, 'Warning: [weight-jump] checkout-api-vs goes: host checkout.api.internal loses its route\n');
  const { code, stderr } = await kubectl(['delete', 'destinationrule', 'checkout-api-dr']);
  t.strictSame({ code, stderr }, { code: 0, stderr: '' });
  t.equal((await apply(destinationRule(stable, rollback))).code, 0);
});

/** 50/50 from another namespace. */
async function from(elsewhere: string, name: string): Promise<Awaited<ReturnType<typeof kubectl>>> {
  const object = route(50, 50, { name });
  object.metadata.namespace = elsewhere;
  for (const { destination } of object.spec.http![0]!.route) destination.host = `checkout-api-svc.${namespace}.svc.cluster.local`;
  return kubectl(['apply', '-f', '-'], object, { namespace: elsewhere });
}

await t.test('the stricter mode of both namespaces counts', async (t) => {
  const labelled = (mode: string): Promise<unknown> =>
    plane.kubectl(['label', '--overwrite', 'namespace', namespace, `rollback-bouncer.dev/mode=${mode}`]);
  const modes = ['enforce', 'warn', 'audit', 'off'];
  for (const mode of modes) {
    await plane.createNamespace(`edge-${mode}`, { labels: { 'rollback-bouncer.dev/mode': mode } });
    const { code, stderr } = await from(`edge-${mode}`, `into-enforce-${mode}`);
    t.equal(code, 1, `route in ${mode}, destination in enforce`);
    t.match(stderr, `http[0]: ${namespace}/v1-rollback 0% -> 50% needs 4 ready pods, has 0 (desired 4)`);
  }
  for (const mode of ['audit', 'off']) {
    await labelled(mode);
    const known = (): boolean => installation.audit('heard').some(({ verdict }) => verdict !== 'deny');
    await eventually(async () => (await apply(route(50, 50, { name: 'heard' }))).code === 0 && known(), { what: 'the label' });
    for (const where of modes) {
      const name = `from-${where}-into-${mode}`;
      const { code, stderr } = await from(`edge-${where}`, name);
      t.equal(code, where === 'enforce' ? 1 : 0, `route in ${where}, destination in ${mode}`);
      t.equal(stderr.startsWith('Warning: [weight-jump]'), where === 'warn', stderr);
      const found = installation.audit(name).at(-1)?.['findings'] as { readonly code: string; readonly mode: string }[];
      const silent = where === 'off' && mode === 'off';
      t.equal(
        found.some((one) => one.code === 'target-no-ready-endpoints'),
        !silent,
        `in the log of ${where} into ${mode}`,
      );
    }
    await kubectl(['delete', 'virtualservice', 'heard']);
  }
  await plane.kubectl(['label', 'namespace', namespace, 'rollback-bouncer.dev/mode-']);
});

await t.test('the entry of the routes stands where docs/install.md says', async (t) => {
  const names = (webhooks: readonly { readonly name: string }[]): readonly string[] => webhooks.map(({ name }) => name);
  const [enforce, observe, routes] = ['enforce', 'observe', 'routes'].map((name) => `${name}.rollback-bouncer.dev`);
  t.strictSame(names(await entries()), [enforce, observe, routes]);
  const { stdout } = await plane.kubectl(['kustomize', join(import.meta.dirname, '../../manifests/overlays/strict')]);
  const objects = parseAllDocuments(stdout).map((one) => one.toJS() as { kind: string; webhooks: { name: string }[] });
  t.strictSame(names(objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration')!.webhooks), [enforce, routes]);
});

await t.test('the ways of docs/break-glass.md out of a denial', async (t) => {
  const run = commands();
  const half = (name: string): ReturnType<typeof kubectl> => apply(route(50, 50, { name }));
  await eventually(async () => (await half('denied')).code === 1, { what: 'enforcement again' });
  await run('kubectl label namespace shop', (block) => block.replaceAll('shop', namespace));
  const passed = await eventually(
    async () => {
      const answer = await half('labelled');
      return answer.code === 0 ? answer : undefined;
    },
    { what: 'the label in force', timeoutMs: 5000 },
  );
  t.notMatch(passed.stderr, 'weight-jump');
  await plane.kubectl(['label', 'namespace', namespace, 'rollback-bouncer.dev/mode-', 'rollback-bouncer.dev/weight-jump-']);
});

await t.test('the ways of docs/break-glass.md when no replica answers', async (t) => {
  const run = commands();
  await installation.replicas[0]!.stop('SIGKILL');
  const write = (name: string): ReturnType<typeof kubectl> => apply(route(100, 0, { name }));
  t.match((await write('refused')).stderr, 'failed calling webhook "routes.rollback-bouncer.dev"', 'it fails closed');
  t.equal(await weights('refused'), undefined);
  const rules = JSON.stringify((await entries()).map(({ name, rules: ofEntry }) => [name, ofEntry]));
  await run('kubectl patch validatingwebhookconfiguration');
  t.equal(
    JSON.stringify((await entries()).map(({ name, rules: ofEntry }) => [name, ofEntry])),
    rules,
    'nothing else has changed',
  );
  t.strictSame(
    (await entries()).map(({ failurePolicy }) => failurePolicy),
    ['Ignore', 'Ignore', 'Ignore'],
  );
  await eventually(async () => (await write('let-in')).code === 0, { what: 'the open door', timeoutMs: 10_000 });
});

interface Entry {
  readonly name: string;
  readonly failurePolicy: string;
  readonly rules: readonly object[];
}

async function entries(): Promise<readonly Entry[]> {
  const found = await plane.get<{ webhooks: readonly Entry[] }>('validatingwebhookconfiguration', 'rollback-bouncer');
  return found.webhooks;
}

/** Runs a block of the page by its first words. */
function commands(): (start: string, change?: (block: string) => string) => Promise<unknown> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/break-glass.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  const env = {
    PATH: `${dirname(binary('kubectl'))}:${process.env['PATH'] ?? ''}`,
    KUBECONFIG: plane.kubeconfig(),
    HOME: plane.folder.home,
  };
  return (start, change = (block) => block) => {
    const block = blocks.find((candidate) => candidate.startsWith(start));
    if (block === undefined) throw new Error(`the page has no block that starts with ${start}`);
    return promisify(execFile)('bash', ['-eo', 'pipefail', '-c', change(block)], { env });
  };
}
