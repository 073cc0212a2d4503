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
const { deafen, freeze, heal, asked, isHeard } = line!;
const { installation, apply, weights } = mesh;

/** Longer than a cache is believed. */
const forgotten = (): Promise<void> => sleep(11_500);
const shift = (stable: number, rollback: number): ReturnType<typeof apply> => apply(route(stable, rollback));

interface Line {
  readonly verdict: string;
  readonly durationMs: number;
  readonly findings: readonly { readonly code: string; readonly detail: Readonly<Record<string, unknown>> }[];
  readonly facts: Readonly<Record<string, { readonly ageSeconds?: number; readonly unknown?: string }>>;
}
const last = (name = 'checkout-api-vs'): Line => installation.audit(name).at(-1) as unknown as Line;
const codes = (name?: string): readonly string[] => last(name).findings.map(({ code }) => code);
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
  t.comment(`the answer took ${last().durationMs} ms, with the live reads`);
  t.strictSame(await weights(), [50, 50]);
});

await t.test('pods died and nobody was told for more than 10 s: what looks fit is read again, and denied', async (t) => {
  t.equal((await shift(100, 0)).code, 0);
  await hearing();
  deafen();
  await mesh.ready('v1-rollback', 0);
  await forgotten();
  asked();
  const { code, stderr } = await shift(99, 1);
  t.equal(code, 1);
  t.match(stderr, /v1-rollback 0% -> 1% needs 1 ready pod, has 0 \(desired 4\)/);
  t.ok(reads().some((path) => path.endsWith('/pods')));
  t.ok((last().facts['pods']?.ageSeconds ?? 9) < 1, 'as the line says');
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
  t.equal((await apply(timed('5s'))).code, 0);
  t.strictSame(codes(), ['no-op']);
  t.equal((await apply(closed())).code, 0);
  t.strictSame(codes(), ['decrease-only']);
  t.strictSame(
    reads().filter((path) => path !== `/api/v1/namespaces/${namespace}`),
    [],
  );
});

await t.test('nothing can be read at all: growth is denied, what shrinks passes, and so does the marked way back', async (t) => {
  await mesh.ready('v1-rollback', 4);
  await mesh.warm();
  for (const [stable, name] of [
    [90, 'growing'],
    [90, 'closing'],
    [45, 'returning'],
  ] as const)
    t.equal((await apply(route(stable, 100 - stable, { name }))).code, 0, name);
  // The watch brings the mark; nothing will, afterwards.
  await hearing();
  await mesh.mark();
  await sleep(1000);
  freeze();
  await forgotten();
  const growing = await apply(route(80, 20, { name: 'growing' }));
  t.equal(growing.code, 1);
  t.match(growing.stderr, / unknown \(no contact for \d+ s; live read: timeout\)/);
  t.comment(`the denial took ${last('growing').durationMs} ms`);
  t.strictSame(codes('growing'), ['fact-unknown']);
  t.match(last('growing').facts['pods'], { unknown: /no contact for \d+ s; live read: timeout/ });
  t.strictSame(await weights('growing'), [90, 10]);
  t.equal((await apply({ ...closed(), metadata: { name: 'closing', namespace } })).code, 0);
  t.strictSame(codes('closing'), ['decrease-only']);
  t.comment(`what shrinks took ${last('closing').durationMs} ms`);
  const returning = await apply(route(100, 0, { name: 'returning' }));
  t.equal(returning.code, 0, 'the marked way back');
  t.match(returning.stderr, /^Warning: \[weight-jump\]/, 'is warned about');
});

await t.test('when the line is back, so is everything else', async (t) => {
  await hearing();
  t.equal((await apply(route(80, 20, { name: 'growing' }))).code, 0);
});

/** The webhook hears what happens. */
async function hearing(): Promise<void> {
  heal();
  await eventually(isHeard, { what: 'all watches', timeoutMs: 20_000 });
  await sleep(500);
}
