import assert from 'node:assert/strict';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ApiError } from '../../src/cluster/api-error.ts';
import { createClient } from '../../src/cluster/client.ts';
import { connectCluster } from '../../src/cluster/cluster.ts';
import { denialEvent, eventName } from '../../src/cluster/event-object.ts';
import { createEvents, eventLimits, type EventFailure, type Events } from '../../src/cluster/events.ts';
import { denialKey, denialOf, type Denial } from '../../src/core/denial.ts';
import { at, asText, type JsonObject } from '../../src/core/json.ts';
import type { AdmissionRequest } from '../../src/core/request.ts';
import { foldVerdict, type Verdict } from '../../src/core/verdict.ts';
import { holds } from '../core/property.ts';
import { aFinding, aRequest } from '../core/samples.ts';
import { fakeApi, refuse, until, type FakeApi } from './fake-api.ts';

const deniedBy = (...findings: readonly Partial<Parameters<typeof aFinding>[0]>[]): Verdict =>
  foldVerdict([{ policy: 'a-policy', mode: 'enforce', findings: findings.map(aFinding), patch: [], evidence: undefined }]);
const denialFor = (request: Partial<AdmissionRequest> = {}, verdict = deniedBy({})): Denial =>
  denialOf(aRequest(request), verdict)!;
const namedDenial = (name: string | number): Denial => denialFor({ name: `cart-${name}` });

interface Rig {
  readonly api: FakeApi;
  readonly events: Events;
  readonly posted: JsonObject[];
  readonly told: EventFailure[];
  nowMs: number;
}

/** The fake answers a POST with what was posted, unless the test brings trouble of its own. */
async function rig(t: Test): Promise<Rig> {
  const api = await fakeApi();
  const client = createClient(api.kubeConfig, () => performance.now());
  const told: EventFailure[] = [];
  const posted: JsonObject[] = [];
  accept(api, posted);
  const time = { nowMs: 5000 };
  const events = createEvents({
    client,
    clock: { now: () => time.nowMs, random: () => 0.5 },
    wallClock: () => Date.UTC(2026, 10, 24, 2, 3, 4, 56) + time.nowMs - 5000,
    instance: 'replica-1',
    onError: (failure) => told.push(failure),
  });
  const the = Object.assign(time, { api, posted, told, events });
  t.teardown(async () => {
    await the.events.stop();
    await client.close();
    await api.close();
  });
  return the;
}

function accept(api: FakeApi, posted: JsonObject[]): void {
  api.trouble = (_url, response, request) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      posted.push(JSON.parse(body) as JsonObject);
      response.writeHead(201, { 'content-type': 'application/json' }).end(body);
    });
    return true;
  };
}

const settled = ({ events }: Rig, reports: number): Promise<void> =>
  until(() => {
    const { written, repeated, dropped, failed } = events.counts();
    return written + repeated + dropped + failed === reports;
  });

void t.test('an Event of the object, with what it takes to find the line of the audit log', async (t) => {
  const the = await rig(t);
  const oldObject = { metadata: { uid: 'its-uid' } };
  the.events.report(
    denialFor({ operation: 'UPDATE', oldObject }, deniedBy({ code: 'b' }, { code: 'a' }, { mode: 'warn', code: 'c' })),
  );
  await settled(the, 1);
  t.equal(the.api.requests.at(-1)?.href, 'http://fake/api/v1/namespaces/shop/events?fieldManager=rollback-bouncer');
  t.equal(the.api.headers.at(-1)?.['content-type'], 'application/json');
  t.equal(the.api.headers.at(-1)?.authorization, 'Bearer a-token');
  const name = asText(at(the.posted[0], 'metadata', 'name')) ?? '';
  t.match(name, /^checkout-api\.[0-9a-z]{17}$/);
  t.strictSame(the.posted, [
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name,
        namespace: 'shop',
        annotations: {
          'rollback-bouncer.dev/decision-id': 'a-request',
          'rollback-bouncer.dev/policies': 'a-policy/a,a-policy/b',
          'rollback-bouncer.dev/user': 'developer',
        },
      },
      involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-api', namespace: 'shop', uid: 'its-uid' },
      type: 'Warning',
      reason: 'Denied',
      action: 'Update',
      message: deniedBy({}).message,
      count: 1,
      firstTimestamp: '2026-11-24T02:03:04Z',
      lastTimestamp: '2026-11-24T02:03:04Z',
      eventTime: '2026-11-24T02:03:04.056000Z',
      source: { component: 'rollback-bouncer' },
      reportingComponent: 'rollback-bouncer',
      reportingInstance: 'replica-1',
    },
  ]);
  t.strictSame(the.events.counts(), { written: 1, repeated: 0, dropped: 0, failed: 0 });
});

void t.test('what is reported, and of which object', (t) => {
  const denied = deniedBy({});
  t.equal(denialOf(aRequest({ dryRun: true }), denied), undefined, 'dry-run writes nothing');
  t.equal(denialOf(aRequest(), deniedBy({ mode: 'warn' })), undefined, 'what passed is no denial');
  for (const namespace of ['..', '.', 'a/b', 'A', 'x'.repeat(64)])
    t.equal(denialOf(aRequest({ namespace }), denied), undefined, `${namespace} is no namespace`);
  t.equal(denialFor().involved.uid, undefined, 'what is refused on CREATE has no uid');
  const scale = { group: 'apps', resource: 'deployments', subresource: 'scale', kind: 'Scale' };
  t.match(denialFor(scale).involved, { group: 'apps', version: 'v1', kind: 'Deployment' });
  t.match(denialFor({ ...scale, resource: 'others' }).involved, { kind: 'Scale' });
  const space = denialFor({ group: '', resource: 'namespaces', kind: 'Namespace', namespace: 'shop', name: 'shop' });
  const event = denialEvent(space, { atMs: 0, count: 1, random: 0, instance: 'x' });
  t.match(event, { metadata: { namespace: 'default' } }, 'cluster-scoped');
  t.strictSame(event['involvedObject'], { apiVersion: 'v1', kind: 'Namespace', name: 'shop' });
  const said = denialFor({}, deniedBy({ message: 'ä'.repeat(900), next: 'Wait.' }, { message: 'second' })).message;
  t.match(said, /^\[a-policy\] ä+…$/);
  t.ok(Buffer.byteLength(said) <= 1024 && Buffer.byteLength(said) > 1020, 'counted in bytes, as the API server does');
  t.equal(denialFor({}, deniedBy({ message: 'short' }, { message: 'second' })).message, '[a-policy] short', 'one line');
  t.equal(
    denialKey(denialFor({ uid: '1', version: 'v1', user: { name: 'a', groups: [] } })),
    denialKey(denialFor({ uid: '2', version: 'v2' }, deniedBy({ message: 'other numbers' }))),
  );
  t.not(denialKey(denialFor()), denialKey(denialFor({}, deniedBy({ code: 'other' }))));
  t.end();
});

void t.test('names', (t) => {
  const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('a', 'Z', '9', '-', '.', ':', 'İ', '😀'), maxLength: 300 }),
    fc.constantFrom('', '...', '-', 'system:node', `${'a'.repeat(234)}-b`, 'İ'.repeat(300)),
  );
  const stamps = fc.record({
    atMs: fc.double({ min: 0, max: 4e12, noNaN: true }),
    count: fc.nat(),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });
  holds(
    t,
    'are DNS-1123 subdomains whatever the object is called',
    fc.property(names, stamps, (name, stamp) => {
      const made = eventName(name, stamp);
      assert.match(made, subdomain);
      assert.ok(made.length <= 253, made);
    }),
    2000,
  );
  holds(
    t,
    'and differ with the count, at the same time',
    fc.property(names, stamps, fc.integer({ min: 1, max: 1_000_000 }), (name, stamp, more) => {
      assert.notEqual(eventName(name, stamp), eventName(name, { ...stamp, count: stamp.count + more }));
    }),
  );
  t.match(eventName('checkout-api', { atMs: 0, count: 1, random: 0 }), /^checkout-api\.00000000000010000$/);
  t.match(eventName('System:Node', { atMs: 0, count: 1, random: 0 }), /^system-node\./);
  t.match(eventName('--', { atMs: 0, count: 1, random: 0 }), /^object\./);
  t.end();
});

void t.test('once in ten minutes for an object and what denies it', async (t) => {
  const the = await rig(t);
  the.events.report(denialFor());
  the.events.report(denialFor({ uid: 'again' }));
  await settled(the, 2);
  the.nowMs += eventLimits.repeatMs - 1;
  the.events.report(denialFor());
  t.strictSame(the.events.counts(), { written: 1, repeated: 2, dropped: 0, failed: 0 });
  the.events.report(denialFor({}, deniedBy({ code: 'other' })));
  await settled(the, 4);
  t.equal(the.events.counts().written, 2, 'another finding is told');
  the.nowMs += 1;
  the.events.report(denialFor());
  await settled(the, 5);
  t.equal(the.events.counts().written, 3, 'from the first on, repetitions do not prolong it');
});

void t.test('what is remembered is bounded, and what keeps coming stays', async (t) => {
  let nowMs = 0;
  const client = { postJson: () => Promise.resolve({}) };
  const events = createEvents({ client, clock: { now: () => nowMs, random: () => 0 } });
  const report = async (name: string | number): Promise<void> => {
    nowMs += 100;
    events.report(namedDenial(name));
    await new Promise((resolve) => setImmediate(resolve));
  };
  await report('hot');
  await report('cold');
  for (let index = 0; index < eventLimits.remembered - 2; index += 1) await report(index);
  await report('hot');
  t.equal(events.counts().repeated, 1);
  await report('one-too-many');
  await report('hot');
  t.equal(events.counts().repeated, 2, 'still known');
  await report('cold');
  t.strictSame(events.counts(), { written: eventLimits.remembered + 2, repeated: 2, dropped: 0, failed: 0 });
});

void t.test('a burst, then ten a second', async (t) => {
  const the = await rig(t);
  const reports = (from: number, count: number): void => {
    for (let index = from; index < from + count; index += 1) the.events.report(namedDenial(index));
  };
  reports(0, 35);
  await settled(the, 35);
  t.strictSame(the.events.counts(), { written: 30, repeated: 0, dropped: 5, failed: 0 });
  the.nowMs += 500;
  reports(30, 7);
  await settled(the, 42);
  t.strictSame(the.events.counts(), { written: 35, repeated: 0, dropped: 7, failed: 0 }, 'what was dropped may come again');
  the.nowMs += 3_600_000;
  reports(100, 40);
  await settled(the, 82);
  t.equal(the.events.counts().written, 65, 'a long silence saves up no more than a burst');
  const names = the.posted.map((event) => at(event, 'metadata', 'name'));
  t.equal(new Set(names).size, 65);
});

void t.test('few at once, few that wait, and the rest is dropped', async (t) => {
  const the = await rig(t);
  const held: (() => void)[] = [];
  the.api.trouble = (_url, response) =>
    held.push(() => {
      response.writeHead(201).end('{}');
    }) > 0;
  for (let index = 0; index < 30; index += 1) the.events.report(namedDenial(index));
  await until(() => held.length === eventLimits.inFlight);
  the.nowMs += 10_000;
  for (let index = 30; index < 60; index += 1) the.events.report(namedDenial(index));
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(held.length, eventLimits.inFlight);
  const places = eventLimits.inFlight + eventLimits.queued;
  t.strictSame(the.events.counts(), { written: 0, repeated: 0, dropped: 60 - places, failed: 0 });
  for (let answered = 0; answered < places; answered += 1) {
    await until(() => held.length > 0);
    held.shift()!();
  }
  await settled(the, 60);
  t.equal(the.events.counts().written, places);
});

void t.test('a failure is counted, told once a minute, and may be mended by the next denial', async (t) => {
  const the = await rig(t);
  the.api.trouble = refuse(403, 'Forbidden');
  for (let index = 0; index < 3; index += 1) the.events.report(namedDenial(index));
  await settled(the, 3);
  t.strictSame(the.events.counts(), { written: 0, repeated: 0, dropped: 0, failed: 3 });
  t.match(the.told, [{ namespace: 'shop', failures: 1, error: { message: 'HTTP 403 Forbidden' } }]);
  t.equal(the.told.length, 1);
  the.nowMs += eventLimits.tellMs;
  the.events.report(namedDenial(0));
  await settled(the, 4);
  t.match(the.told[1], { failures: 3 });
  accept(the.api, the.posted);
  the.events.report(namedDenial(0));
  await settled(the, 5);
  t.equal(the.events.counts().written, 1);
});

void t.test('an API server that is silent costs the time of one write', async (t) => {
  const the = await rig(t);
  the.api.trouble = () => true;
  const startedAt = performance.now();
  the.events.report(denialFor());
  await settled(the, 1);
  t.ok(performance.now() - startedAt < eventLimits.timeoutMs + 1000);
  t.match(the.told, [{ error: { message: 'timeout' } }]);
});

void t.test('stopping cuts and forgets, and nothing is taken afterwards', async (t) => {
  const api = await fakeApi();
  t.teardown(() => api.close());
  api.trouble = () => true;
  const told: EventFailure[] = [];
  const cluster = connectCluster({
    kubeConfig: api.kubeConfig,
    kinds: [],
    observer: { onError: () => undefined, onRelist: () => undefined, onCallbackError: () => undefined },
    events: { onError: (failure) => told.push(failure) },
  });
  for (let index = 0; index < 10; index += 1) cluster.events.report(namedDenial(index));
  await until(() => api.requests.length === eventLimits.inFlight);
  const startedAt = performance.now();
  await cluster.stop();
  t.ok(performance.now() - startedAt < 1000);
  t.strictSame(cluster.events.counts(), { written: 0, repeated: 0, dropped: 6, failed: 4 });
  cluster.events.report(namedDenial('late'));
  t.equal(cluster.events.counts().dropped, 7);
  t.strictSame(told, [], 'that is no failure to tell of');
  await until(() => api.sockets.size === 0);
  await cluster.stop();
});

void t.test('a post fails as a read does', async (t) => {
  const api = await fakeApi();
  const client = createClient(api.kubeConfig, () => performance.now());
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  const post = (timeoutMs: number): Promise<unknown> =>
    client.postJson('/a', {}, { x: 1 }, { timeoutMs }).then(
      () => 'written',
      (error: unknown) => (error instanceof ApiError ? [error.reason, error.statusCode] : error),
    );
  api.trouble = (): boolean => true;
  t.strictSame(await post(20), ['timeout', undefined]);
  api.trouble = refuse(409, 'AlreadyExists');
  t.strictSame(await post(1000), ['AlreadyExists', 409]);
  api.trouble = (_url, response) => response.writeHead(202).end('{}').writableEnded;
  t.strictSame(await post(1000), ['refused', 202]);
});
