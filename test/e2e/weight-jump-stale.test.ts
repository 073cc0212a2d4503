import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { eventually } from '../controlplane/eventually.ts';
import { namespace } from './cluster.ts';
import { apiLine, type ApiLine } from './api-line.ts';
import { route, startMesh } from './mesh.ts';

// What the webhook knows comes by watches. Here they fall silent, and then everything does.
let line: ApiLine | undefined;
const mesh = await startMesh({
  seenBy: async (plane) => {
    line = await apiLine(plane);
    return line.plane;
  },
});
t.teardown(() => line?.close());
const { deafen, freeze, heal, asked } = line!;
const { installation, kubectl, apply, weights } = mesh;

/** Longer than a cache is believed. */
const forgotten = (): Promise<void> => sleep(11_500);
const shift = (stable: number, rollback: number): ReturnType<typeof kubectl> => apply(route(stable, rollback));

interface Line {
  readonly verdict: string;
  readonly durationMs: number;
  readonly findings: readonly { readonly code: string; readonly detail: Readonly<Record<string, unknown>> }[];
  readonly facts: Readonly<Record<string, { readonly ageSeconds?: number; readonly unknown?: string }>>;
}
const last = (): Line => installation.audit('checkout-api-vs').at(-1) as unknown as Line;
const codes = (): readonly string[] => last().findings.map(({ code }) => code);
const reads = (): readonly string[] => asked().filter((path) => path.includes(namespace));

await t.test('while everything is heard', async (t) => {
  t.equal((await shift(90, 10)).code, 1, 'nobody is ready');
  t.equal((await shift(100, 0)).code, 0);
});

await t.test('pods got ready and nobody was told: the last look before a denial sees them', async (t) => {
  deafen();
  await mesh.ready('v1-rollback', 4);
  await mesh.warm();
  asked();
  const { code, stderr } = await shift(50, 50);
  t.strictSame(
    { code, stderr },
    { code: 0, stderr: 'Warning: [weight-jump] checkout-api-vs http[0]: v1-rollback 0% -> 50% skips the rung at 1%\n' },
  );
  t.ok(
    reads().some((path) => path.endsWith('/pods')),
    'read live',
  );
  t.ok((last().facts['pods']?.ageSeconds ?? 9) < 1, 'as the line says');
  t.comment(`the answer took ${last().durationMs} ms, with the live reads`);
  t.strictSame(await weights(), [50, 50]);
});

await t.test('pods died and nobody was told for more than 10 s: what looks fit is read again, and denied', async (t) => {
  heal();
  t.equal((await shift(100, 0)).code, 0);
  await hearing();
  deafen();
  await forgotten();
  await mesh.ready('v1-rollback', 0);
  asked();
  const { code, stderr } = await shift(99, 1);
  t.equal(code, 1);
  t.match(stderr, /v1-rollback 0% -> 1% needs 1 ready pod, has 0 \(desired 4\)/);
  t.ok(reads().some((path) => path.endsWith('/pods')));
  t.ok((last().facts['pods']?.ageSeconds ?? 9) < 1);
  t.strictSame(await weights(), [100, 0]);
});

/** The same shares, and something else: nothing that moves traffic. */
function timed(timeout: string): object {
  const object = route(100, 0);
  Object.assign(object.spec.http![0]!, { timeout });
  return object;
}
/** Nobody's share grows: all requests are sent elsewhere. */
function closed(): object {
  const object = route(100, 0);
  return { ...object, spec: { ...object.spec, http: [{ redirect: { authority: 'sorry.example.com' } }] } };
}

await t.test('where no share grows nothing is read, but for the mode of the namespace', async (t) => {
  asked();
  for (const object of [timed('5s'), closed()]) {
    t.equal((await apply(object)).code, 0);
    t.strictSame(codes(), ['decrease-only']);
  }
  t.strictSame([...new Set(reads())], [`/api/v1/namespaces/${namespace}`]);
});

await t.test('nothing can be read at all: growth is denied, and what shrinks passes', async (t) => {
  heal();
  await mesh.ready('v1-rollback', 4);
  await mesh.ready('v1-stable', 8);
  await mesh.warm();
  await hearing();
  t.equal((await shift(50, 50)).code, 0);
  freeze();
  await forgotten();
  const growth = await shift(20, 80);
  t.equal(growth.code, 1);
  t.comment(growth.stderr, JSON.stringify(last().facts));
  t.match(codes(), ['fact-unknown']);
  t.match(last().facts['pods'], { unknown: /no contact for 1\d s; live read: timeout/ });
  t.strictSame(await weights(), [50, 50]);
  t.equal((await apply(closed())).code, 0);
  t.comment(`the two answers took ${last().durationMs} ms`);
});

await t.test('the marked way back passes blind, too', async (t) => {
  const way = await shift(100, 0);
  t.comment(way.stderr, JSON.stringify(last()));
});

await t.test('when the line is back, so is everything else', async (t) => {
  heal();
  await hearing();
  t.equal((await shift(100, 0)).code, 0);
});

/** The webhook hears what happens: its caches are young. */
async function hearing(): Promise<void> {
  await eventually(
    async () => {
      await kubectl(['apply', '--dry-run=server', '-f', '-'], route(99, 1));
      return Object.values(last().facts).every(({ ageSeconds }) => (ageSeconds ?? 99) < 9);
    },
    { what: 'young caches', timeoutMs: 20_000, intervalMs: 500 },
  );
}
