import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test as Tap } from 'tap';
import { eventually } from '../controlplane/eventually.ts';
import type { KubeObject } from '../controlplane/kubectl.ts';
import { auditFaults, namespace } from './cluster.ts';
import { lastKnownGood, route, startMesh } from './mesh.ts';

// Items 2 to 4 of the story: 8 stable pods carry the traffic, 4 pods were rolled back and are not ready yet.
const mesh = await startMesh({ auditLog: true });
const { plane, installation, kubectl, apply, weights } = mesh;

const step = (from: number, to: number, name = 'checkout-api-vs'): string =>
  `[weight-jump] ${name} http[0]: v1-rollback ${from}% -> ${to}%`;
const regardless = `or at your own risk: kubectl label ns ${namespace} --overwrite rollback-bouncer.dev/weight-jump=warn`;
const nobodyReady = (name?: string): string =>
  `admission webhook "routes.rollback-bouncer.dev" denied the request: ` +
  `${step(0, 50, name)} needs 4 ready pods, has 0 (desired 4). Largest share now: 0%. ` +
  `Retry when ready (kubectl rollout status -n ${namespace} deployment/checkout-api), ${regardless}`;
const versions = ['v1', 'v1beta1', 'v1alpha3'] as const;

await t.test('first creation of 50/50 is denied, and nothing is stored', async (t) => {
  const { code, stdout, stderr } = await apply(route(50, 50));
  t.equal(code, 1);
  t.equal(stdout, '');
  t.equal(stderr, `Error from server (Forbidden): error when creating "STDIN": ${nobodyReady()}\n`);
  t.equal(await weights(), undefined);
  for (const version of versions) {
    const name = `first-${version}`;
    t.ok((await apply(route(50, 50, { name, version }))).stderr.includes(nobodyReady(name)), version);
    t.equal(await weights(name), undefined);
  }
  t.equal((await apply(route(100, 0))).stderr, '', 'all to the stable ones passes without a word');
});

interface Client {
  readonly title: string;
  readonly shift: (version: string) => ReturnType<typeof kubectl>;
}
const patch = (stable: number, rollback: number): string =>
  JSON.stringify([
    { op: 'replace', path: '/spec/http/0/route/0/weight', value: stable },
    { op: 'replace', path: '/spec/http/0/route/1/weight', value: rollback },
  ]);
const shift = (stable: number, rollback: number, version = 'v1beta1'): ReturnType<typeof kubectl> =>
  kubectl(['patch', served(version), 'checkout-api-vs', '--type=json', '-p', patch(stable, rollback)]);
const served = (version: string): string => `virtualservices.${version}.networking.istio.io`;
const half = (version: string): object => route(50, 50, { version });
const clients: readonly Client[] = [
  { title: 'kubectl apply', shift: (version) => kubectl(['apply', '-f', '-'], half(version)) },
  {
    title: 'kubectl apply --server-side',
    shift: (version) =>
      kubectl(['apply', '--server-side', '--field-manager=gitops', '--force-conflicts', '-f', '-'], half(version)),
  },
  {
    title: 'kubectl apply --dry-run=server',
    shift: (version) => kubectl(['apply', '--dry-run=server', '-f', '-'], half(version)),
  },
  {
    title: 'kubectl patch --type=merge',
    shift: (version) =>
      kubectl(['patch', served(version), 'checkout-api-vs', '--type=merge', '-p', JSON.stringify(half(version))]),
  },
  { title: 'kubectl patch --type=json', shift: (version) => shift(50, 50, version) },
  { title: 'kubectl replace', shift: (version) => kubectl(['replace', '-f', '-'], half(version)) },
  {
    title: 'kubectl edit',
    shift: (version) =>
      kubectl(['edit', served(version), 'checkout-api-vs'], undefined, {
        env: { KUBE_EDITOR: 'sed -i "s/weight: 100/weight: 50/; s/weight: 0/weight: 50/"' },
      }),
  },
];

await t.test('who looks at the route later finds the denial as an Event', async (t) => {
  interface Event {
    readonly reason: string;
    readonly type: string;
    readonly message: string;
    readonly involvedObject: { readonly kind: string; readonly name: string };
  }
  const denials = async (): Promise<readonly Event[]> =>
    (await plane.list<Event & KubeObject>('events', namespace)).filter(({ reason }) => reason === 'Denied');
  await eventually(async () => (await denials()).length > 0, { what: 'an Event', timeoutMs: 10_000 });
  const [first] = await denials();
  t.match(first, { type: 'Warning', involvedObject: { kind: 'VirtualService', name: 'checkout-api-vs' } });
  t.match(first?.message, step(0, 50));
});

await t.test('50/50 is denied to every client in every version, and the route stays as it is', async (t) => {
  const stored = async (): Promise<string> => (await kubectl(['get', served('v1'), 'checkout-api-vs', '-o', 'yaml'])).stdout;
  const before = await stored();
  for (const { title, shift: by } of clients)
    for (const version of versions) {
      const { code, stderr } = await by(version);
      t.strictSame(
        { code, denied: stderr.includes(nobodyReady()) },
        { code: 1, denied: true },
        `${title}, ${version}: ${stderr}`,
      );
    }
  t.equal(await stored(), before);
});

function chart(t: Tap, object: object): { readonly folder: string; readonly write: (object: object) => void } {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'templates'));
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: route\nversion: 1.0.0\n');
  const write = (content: object): void => writeFileSync(join(folder, 'templates/route.yaml'), JSON.stringify(content));
  write(object);
  return { folder, write };
}

for (const major of [3, 4] as const)
  await t.test(`helm ${major}: an upgrade to 50/50 is denied, and so is a first install`, async (t) => {
    const name = `helm${major}`;
    const { folder, write } = chart(t, route(100, 0, { name }));
    await plane.helm(major, ['install', name, folder], { namespace });
    write(route(50, 50, { name }));
    const upgrade = await plane.helm(major, ['upgrade', name, folder], { namespace, expectFailure: true });
    t.ok(upgrade.stderr.includes(nobodyReady(name)), upgrade.stderr);
    t.strictSame(await weights(name), [100, 0]);
    const first = `${name}-first`;
    write(route(50, 50, { name: first }));
    const install = await plane.helm(major, ['install', first, folder], { namespace, expectFailure: true });
    t.ok(install.stderr.includes(nobodyReady(first)), install.stderr);
    t.equal(await weights(first), undefined);
  });

await t.test('up the ladder: readiness first, then warmth, then size', async (t) => {
  const passes = async (stable: number, rollback: number): Promise<void> => {
    const { code, stderr } = await shift(stable, rollback);
    t.strictSame({ code, stderr, now: await weights() }, { code: 0, stderr: '', now: [stable, rollback] }, `${rollback}%`);
  };
  const denied = async (stable: number, rollback: number): Promise<string> => {
    const before = await weights();
    const { code, stderr } = await shift(stable, rollback);
    t.strictSame({ code, now: await weights() }, { code: 1, now: before }, stderr);
    return stderr;
  };
  await mesh.ready('v1-rollback', 3);
  await passes(99, 1);
  await passes(90, 10);
  t.match(await denied(50, 50), /v1-rollback 10% -> 50% needs 4 ready pods, has 3 \(desired 4\)\. Largest share now: \d+%\. /);
  await mesh.ready('v1-rollback', 4);
  t.match(await denied(50, 50), /needs 4 warm pods, has [0-3] \(4 ready\)\. Largest share now: \d+%\. Retry in [1-6] s, or /);
  await mesh.warm();
  const small = await denied(0, 100);
  t.match(
    small,
    /v1-rollback 10% -> 100% needs 7 ready pods, has 4 \(desired 4\)\. Largest share now: 62%\. Retry with more pods /,
  );
  await passes(50, 50);
  // The message says what to type.
  const command = /Retry with more pods \(kubectl (scale .*?)\)/.exec(small)?.[1] ?? '';
  t.equal(command, `scale -n ${namespace} deployment/checkout-api --replicas=7`);
  t.equal((await kubectl(command.split(' '))).code, 0);
  await mesh.ready('v1-rollback', 7);
  await mesh.warm();
  await passes(0, 100);
});

await t.test('the same in one step passes with a warning', async (t) => {
  t.equal((await shift(100, 0)).code, 0);
  const { code, stderr } = await shift(0, 100);
  t.equal(code, 0);
  t.equal(stderr, `Warning: ${step(0, 100)} skips the rung at 1%\n`);
});

const back = '[weight-jump] checkout-api-vs http[0]: v1-stable 0% -> 100%';

await t.test('step 0: everything back to the last known good', async (t) => {
  await mesh.ready('v1-stable', 1);
  const denied = await shift(100, 0);
  t.match(denied.stderr, `${back} needs 6 ready pods, has 1 (desired 8)`, 'one pod, unmarked');
  await mesh.mark();
  const one = await shift(100, 0);
  t.equal(one.code, 0, 'the mark counts at once');
  t.equal(one.stderr, `Warning: ${back} needs 4 ready pods, has 1 (desired 8)\n`, 'one pod: loud, in numbers');
  t.strictSame(await weights(), [100, 0]);

  await apply(route(0, 100));
  await mesh.ready('v1-stable', 0);
  const nobody = await shift(100, 0);
  t.match(nobody.stderr, `${back} needs 4 ready pods, has 0 (desired 8)`, 'nobody: an outage by permission');

  await mesh.scale('checkout-api-stable', 20);
  await mesh.ready('v1-stable', 20);
  await mesh.warm();
  const twenty = await shift(100, 0);
  t.equal(twenty.code, 0);
  t.equal(twenty.stderr, '', 'twenty: at once, and no rung is asked for');
  t.match(installation.audit('checkout-api-vs').at(-1), { findings: [{ code: 'rollback-to-lkg' }], verdict: 'allow' });
  await kubectl(['annotate', 'deployment/checkout-api-stable', `${lastKnownGood}-`]);
});

await t.test('helm rollback to a revision that sent half of the customers there', async (t) => {
  await mesh.scale('checkout-api-stable', 8);
  await mesh.ready('v1-stable', 8);
  const half = new Map<3 | 4, string>();
  for (const major of [3, 4] as const) {
    const name = `helm${major}`;
    const { folder, write } = chart(t, route(50, 50, { name }));
    await plane.helm(major, ['upgrade', name, folder], { namespace });
    t.strictSame(await weights(name), [50, 50]);
    const { stdout } = await plane.helm(major, ['history', name, '-o', 'json'], { namespace });
    half.set(major, String((JSON.parse(stdout) as { revision: number }[]).at(-1)?.revision));
    write(route(100, 0, { name }));
    await plane.helm(major, ['upgrade', name, folder], { namespace });
  }
  await mesh.ready('v1-rollback', 0);
  for (const [major, revision] of half) {
    const name = `helm${major}`;
    const { stderr } = await plane.helm(major, ['rollback', name, revision], { namespace, expectFailure: true });
    t.match(stderr, `${step(0, 50, name)} needs 4 ready pods, has 0 (desired 7)`, `helm ${major}`);
    t.strictSame(await weights(name), [100, 0]);
  }
});

await t.test('readiness changes the verdict within seconds', async (t) => {
  await byHand();
  const passes = async (): Promise<boolean> => (await dryRun(99, 1)).status < 300;
  await eventually(async () => !(await passes()), { what: 'the denial', timeoutMs: 5000 });
  const times: number[] = [];
  for (const pod of (await pods()).slice(0, 5)) {
    await setReady(pod, true);
    const began = performance.now();
    while (!(await passes())) if (performance.now() - began > 10_000) break;
    times.push(Math.round(performance.now() - began));
    await setReady(pod, false);
    await eventually(async () => !(await passes()), { what: 'the denial', timeoutMs: 5000 });
    // The answers of live reads serve for a second.
    await sleep(1000);
  }
  t.comment(`from the status of the pod to the verdict: ${times.join(', ')} ms`);
  t.ok(Math.max(...times) < 5000, times.join(', '));
});

await t.test('one decision for each write that was persisted or refused', (t) => {
  const events = plane.auditEvents() as {
    readonly verb: string;
    readonly requestURI: string;
    readonly objectRef?: { readonly resource?: string; readonly name?: string };
    readonly responseStatus?: { readonly code: number };
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  const writes = events.filter(
    ({ verb, objectRef, requestURI, responseStatus }) =>
      objectRef?.resource === 'virtualservices' &&
      ['create', 'update', 'patch', 'delete'].includes(verb) &&
      !requestURI.includes('dryRun') &&
      [200, 201, 403].includes(responseStatus?.code ?? 0),
  );
  const decisions = installation.replicas
    .flatMap((replica) => replica.records())
    .filter((one) => one['resource'] === 'virtualservices');
  const byId = new Map(decisions.map((one) => [one['decisionId'], one]));
  t.equal(byId.size, decisions.length, 'none twice');
  for (const { annotations, responseStatus, verb } of writes) {
    const { phase, verdict, findings = [] } = byId.get(annotations?.['routes.rollback-bouncer.dev/decision-id']) ?? {};
    const answered = { phase, denied: verdict === 'deny', reasons: (findings as unknown[]).length > 0 };
    t.strictSame(answered, { phase: 'validate', denied: responseStatus?.code === 403, reasons: true }, verb);
  }
  const faults = auditFaults();
  t.strictSame(
    decisions.flatMap((one) => faults(one) ?? []),
    [],
    'as docs/audit-log.md describes them',
  );
  const lasting = decisions.filter((one) => one['dryRun'] === false);
  t.equal(lasting.length, writes.length);
  t.match(
    installation.audit('checkout-api-vs').find((one) => one['operation'] === 'UPDATE'),
    {
      verdict: 'deny',
      user: { name: 'developer' },
      findings: [
        {
          code: 'target-no-ready-endpoints',
          mode: 'enforce',
          path: 'spec.http[0].route[1]',
          detail: {
            destination: 'v1-rollback',
            fromPercent: 0,
            toPercent: 50,
            ready: 0,
            warm: 0,
            desired: 4,
            needed: 4,
            base: 8,
          },
        },
      ],
    },
  );
  t.end();
});

function dryRun(stable: number, rollback: number): ReturnType<typeof plane.api> {
  return plane.api(`/apis/networking.istio.io/v1beta1/namespaces/${namespace}/virtualservices/checkout-api-vs?dryRun=All`, {
    method: 'PATCH',
    body: patch(stable, rollback),
    contentType: 'application/json-patch+json',
    expectFailure: 'either',
  });
}

async function pods(): Promise<readonly string[]> {
  const found = await plane.list<{ metadata: { name: string } }>('pods', namespace, 'version=v1-rollback');
  return found.map(({ metadata }) => metadata.name);
}

/** kwok leaves the pods as they are from now on. */
async function byHand(): Promise<void> {
  const leave = ['rollback-bouncer.dev/never-ready=true', 'rollback-bouncer.dev/turn-unready=false'];
  await plane.kubectl(['annotate', '--overwrite', 'pods', '-l', 'version=v1-rollback', ...leave], { namespace });
}

/** As a kubelet does it. */
async function setReady(name: string, ready: boolean): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const { status } = (await plane.api(path)).body as { status: { conditions: { type: string }[]; containerStatuses: object[] } };
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  const turned = { status: ready ? 'True' : 'False', lastTransitionTime };
  const conditions = status.conditions.map((one) => (/^(Ready|ContainersReady)$/.test(one.type) ? { ...one, ...turned } : one));
  const containerStatuses = status.containerStatuses.map((one) => ({ ...one, ready, started: true }));
  await plane.api(`${path}/status`, { method: 'PATCH', body: { status: { conditions, containerStatuses } } });
}
