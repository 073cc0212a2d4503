/** `make bench`: the figures of docs/performance.md, all in one run. `--quick` makes short runs to see that it works. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../test/controlplane/assets.ts';
import { makeCertificate, serviceNames } from '../test/controlplane/certificate.ts';
import { startPlane, type Plane } from '../test/controlplane/plane.ts';
import { grow, sizeOf, type Size } from './guests.ts';
import { launch, nodeCommand, untilReady, type Launched } from './launch.ts';
import { interleaved, residentMiB, type Figures, type Load } from './load.ts';
import { checkout, namespace, writeReviews } from './reviews.ts';
import { writeManyReviews, writeRouteReviews } from './route-reviews.ts';
import { denials, flips, growth, inProcess, otherRows, type Pace, type Ports } from './routes.ts';
import { contenders, measure } from './server-side.ts';
import { bar, comparedWith, inNumbers, printBars, table, thousands } from './table.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 1 : 5;
const seconds = quick ? 1 : 4;
const pace: Pace = { rounds, seconds, quick };
/** The last one is the cluster of all other figures. */
const sizes = (quick ? [2, 20, 100] : [2, 200, 2000]).map(sizeOf);
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'rollback-bouncer-bench-'));
const children: Launched[] = [];

const certificate = await makeCertificate(['localhost', ...serviceNames('rollback-bouncer', 'rollback-bouncer-webhook')]);
const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
writeFileSync(cert, certificate.cert);
writeFileSync(key, certificate.key);
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(root, 'dist')], {
  stdio: 'inherit',
});

const plane = await startPlane({ crds: ['istio'] });
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
  // What is measured from here on needs the API server only; the others would share its two cores with heartbeats of the pods.
  for (const component of ['kwok', 'kube-scheduler', 'kube-controller-manager'] as const)
    await plane.processes.halt(component, 'SIGKILL');

  const [floor = 0, constant = 0] = await freePorts(2);
  start('bench/floor.ts', [cert, key, String(floor)]);
  start('bench/floor.ts', [cert, key, String(constant), 'patch']);
  await untilReady(`https://127.0.0.1:${floor}/`, 'POST');
  const importOnly = start('bench/import-only.ts', []);

  const bodies = await writeReviews(plane, folder);
  const routeBodies = await writeRouteReviews(plane, folder);
  const growing = growth(pace);
  let before = sizeOf(0);
  let ours: Serving | undefined;
  for (const size of sizes) {
    ours?.process.kill();
    console.log(`${thousands(size.pods)} pods, ${thousands(size.services)} Services, ${thousands(size.routes)} routes …`);
    await grow(plane, before, size);
    before = size;
    ours = await serving(plane);
    await growing.rows(size, { floor, ours: ours.port }, routeBodies);
  }
  if (ours === undefined) return;
  growing.print();
  const ports = { floor, constant, ours: ours.port };
  const manyBodies = { ...routeBodies, ...(await writeManyReviews(plane, folder)) };
  await otherRows(ports, manyBodies, pace);
  await denials(ports, routeBodies, before, pace);
  await flips(plane, ports, routeBodies, pace);
  await inProcess({ node: nodeCommand(root, 'bench/in-process.ts'), kubeconfig: plane.kubeconfig('admin') }, manyBodies, pace);
  await rawRows(ports, bodies);
  memoryRows(before, ours, importOnly);
  await endToEnd(plane, ports, bodies.create);
  printBars();
}

interface Serving {
  readonly port: number;
  readonly process: Launched;
  /** From its start until it was ready. */
  readonly readySeconds: number;
}

async function serving(plane: Plane): Promise<Serving> {
  const [port = 0] = await freePorts(1);
  const begun = performance.now();
  const process = start('dist/main.js', [
    'serve',
    '--tls-cert-file',
    cert,
    '--tls-private-key-file',
    key,
    '--address',
    '127.0.0.1',
    '--port',
    String(port),
    '--kubeconfig',
    plane.kubeconfig('admin'),
  ]);
  await untilReady(`https://127.0.0.1:${port}/readyz`);
  return { port, process, readySeconds: (performance.now() - begun) / 1000 };
}

function start(file: string, args: readonly string[]): Launched {
  const child = launch(root, file, args, openSync(join(folder, `${children.length}.log`), 'w'));
  children.push(child);
  return child;
}

async function rawRows(ports: Ports, bodies: Readonly<Record<'unchanged' | 'patched', string>>): Promise<void> {
  const load = (port: number, bodyFile: string): Load => ({
    url: `https://127.0.0.1:${port}/mutate?timeout=3s`,
    bodyFile,
    connections: 16,
    seconds,
  });
  const rows = new Map<string, Load>();
  for (const body of ['unchanged', 'patched'] as const) {
    rows.set(`floor, ${body} body`, load(ports.floor, bodies[body]));
    rows.set(`mutate, ${body}`, load(ports.ours, bodies[body]));
  }
  const figures = await interleaved(rows, rounds);
  table(
    '| row | req/s | p50 ms | p99 ms | of the floor’s req/s | p99 over the floor’s |',
    [...figures].map(([name, figure]) => {
      const floor = figures.get(`floor, ${name.includes('unchanged') ? 'unchanged' : 'patched'} body`);
      return comparedWith(floor, name, figure);
    }),
  );
}

function memoryRows(size: Size, { process: ours, readySeconds }: Serving, importOnly: Launched): void {
  const [mine, theirs] = [residentMiB(ours.pid), residentMiB(importOnly.pid)];
  const [pods, services, routes] = [size.pods, size.services, size.routes].map(thousands);
  table('| figure | value |', [
    [`start to ready with ${pods} pods, ${services} Services, ${routes} routes`, `${readySeconds.toFixed(2)} s`],
    ['RSS of our dependencies alone', `${theirs.toFixed(0)} MiB`],
    ['RSS after all of the load above, all of that in the caches', `${mine.toFixed(0)} MiB (+${(mine - theirs).toFixed(0)})`],
  ]);
  // 150 MB are 143 MiB.
  const more = mine - theirs;
  bar('RSS: at most 150 MB more than the dependencies', `${(more * 1.048576).toFixed(0)} MB`, more * 1.048576 <= 150);
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
