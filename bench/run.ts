/** `make bench`: the figures of docs/performance.md, all in one run. `--quick` makes short runs to see that it works. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, openSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../test/controlplane/assets.ts';
import { serviceNames, makeCertificate } from '../test/controlplane/certificate.ts';
import { startPlane, type Plane } from '../test/controlplane/plane.ts';
import { createPods } from '../test/controlplane/pods.ts';
import { interleaved, residentMiB, type Figures, type Load } from './load.ts';
import { checkout, guests, namespace, writeReviews } from './reviews.ts';
import { contenders, measure } from './server-side.ts';
import { launch, untilReady, type Launched } from './launch.ts';
import { writeFileSync } from 'node:fs';

const quick = process.argv.includes('--quick');
const rounds = quick ? 1 : 5;
const seconds = quick ? 1 : 4;
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'rollback-bouncer-bench-'));
const children: Launched[] = [];

const certificate = await makeCertificate(['localhost', ...serviceNames('rollback-bouncer', 'rollback-bouncer-webhook')]);
const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
writeFileSync(cert, certificate.cert);
writeFileSync(key, certificate.key);
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(root, 'dist')]);

const plane = await startPlane();
try {
  await bench(plane);
} finally {
  for (const child of children) child.kill();
  await plane.stop();
  rmSync(folder, { recursive: true });
}

async function bench(plane: Plane): Promise<void> {
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${rounds} rounds of ${seconds} s`,
  );
  await plane.createNamespace(namespace);
  await plane.apply(checkout('2.0.0'));
  await plane.kubectl(['rollout', 'status', 'deployment/checkout-api', '--timeout=60s'], { namespace });
  const bodies = await writeReviews(plane, folder);
  const guestCount = quick ? 500 : guests;
  console.log(`creating ${guestCount} pods …`);
  await plane.createNamespace('guests');
  await createPods(plane.api, {
    namespace: 'guests',
    count: guestCount,
    prefix: 'guest',
    nodeName: 'kwok-0',
    labels: { app: 'guest' },
  });

  // What is measured from here on needs the API server only; the others would share its two cores with heartbeats of the pods.
  for (const component of ['kwok', 'kube-scheduler', 'kube-controller-manager'] as const)
    await plane.processes.halt(component, 'SIGKILL');

  const [floorPort = 0, constantPort = 0, oursPort = 0] = await freePorts(3);
  start('bench/floor.ts', [cert, key, String(floorPort)]);
  start('bench/floor.ts', [cert, key, String(constantPort), 'patch']);
  const importOnly = start('bench/import-only.ts', []);
  const begun = performance.now();
  const ours = start('dist/main.js', [
    'serve',
    '--tls-cert-file',
    cert,
    '--tls-private-key-file',
    key,
    '--address',
    '127.0.0.1',
    '--port',
    String(oursPort),
    '--kubeconfig',
    plane.kubeconfig('admin'),
  ]);
  await untilReady(`https://127.0.0.1:${oursPort}/readyz`);
  const readySeconds = (performance.now() - begun) / 1000;
  await untilReady(`https://127.0.0.1:${floorPort}/`, 'POST');

  await rawRows({ floorPort, oursPort }, bodies);
  memoryRows(guestCount, readySeconds, { ours, importOnly });
  await endToEnd(plane, { constant: constantPort, ours: oursPort }, bodies.create);
}

function start(file: string, args: readonly string[]): Launched {
  const child = launch(root, file, args, openSync(join(folder, `${children.length}.log`), 'w'));
  children.push(child);
  return child;
}

async function rawRows(
  ports: { readonly floorPort: number; readonly oursPort: number },
  bodies: Readonly<Record<'unchanged' | 'patched', string>>,
): Promise<void> {
  const load = (port: number, bodyFile: string): Load => ({
    url: `https://127.0.0.1:${port}/mutate?timeout=3s`,
    bodyFile,
    connections: 16,
    seconds,
  });
  const rows = new Map<string, Load>();
  for (const body of ['unchanged', 'patched'] as const) {
    rows.set(`floor, ${body} body`, load(ports.floorPort, bodies[body]));
    rows.set(`mutate, ${body}`, load(ports.oursPort, bodies[body]));
  }
  const figures = await interleaved(rows, rounds);
  table(
    '| row | req/s | p50 ms | p99 ms | of the floor’s req/s | p99 over the floor’s |',
    [...figures].map(([name, figure]) => {
      const floor = figures.get(`floor, ${name.includes('unchanged') ? 'unchanged' : 'patched'} body`);
      return [
        ...inNumbers(name, figure),
        floor === undefined ? '' : `${((100 * figure.perSecond) / floor.perSecond).toFixed(0)} %`,
        floor === undefined ? '' : `${(figure.p99Ms / floor.p99Ms).toFixed(1)} x`,
      ];
    }),
  );
}

function memoryRows(
  pods: number,
  readySeconds: number,
  { ours, importOnly }: { readonly ours: Launched; readonly importOnly: Launched },
): void {
  const [mine, theirs] = [residentMiB(ours.pid), residentMiB(importOnly.pid)];
  table('| figure | value |', [
    [`start to ready with ${pods} pods`, `${readySeconds.toFixed(2)} s`],
    ['RSS of our dependencies alone', `${theirs.toFixed(0)} MiB`],
    [`RSS after the load, ${pods} pods in the cache`, `${mine.toFixed(0)} MiB (+${(mine - theirs).toFixed(0)})`],
  ]);
}

async function endToEnd(
  plane: Plane,
  ports: { readonly constant: number; readonly ours: number },
  bodyFile: string,
): Promise<void> {
  const token = plane.users.get('admin')?.token ?? '';
  const url = `${plane.server}/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`;
  const load: Load = { url, bodyFile, connections: 8, seconds, headers: { Authorization: `Bearer ${token}` } };
  const body = { ...(checkout('2.0.0') as { metadata: object }), metadata: { name: 'rehearsal', namespace } };
  writeFileSync(bodyFile, JSON.stringify(body));
  const samples = new Map<string, Figures[]>();
  for (let round = 0; round < rounds; round += 1)
    for (const contender of contenders(ports, Buffer.from(certificate.ca).toString('base64')))
      samples.set(contender.title, [...(samples.get(contender.title) ?? []), await measure(plane, contender, load, body)]);
  const median = (figures: readonly Figures[]): Figures =>
    figures.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(figures.length / 2)] ?? { perSecond: 0, p50Ms: 0, p99Ms: 0 };
  table(
    '| end to end | req/s | p50 ms | p99 ms |',
    [...samples].map(([title, figures]) => inNumbers(title, median(figures))),
  );
}

function inNumbers(name: string, { perSecond, p50Ms, p99Ms }: Figures): string[] {
  return [name, perSecond.toFixed(0), p50Ms.toFixed(2), p99Ms.toFixed(2)];
}

function table(head: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${head}\n|${' --- |'.repeat(head.split('|').length - 2)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}
