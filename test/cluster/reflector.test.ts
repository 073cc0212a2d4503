import fc from 'fast-check';
import t, { type Test } from 'tap';
import { createClient } from '../../src/cluster/client.ts';
import { identity } from '../../src/cluster/items/metadata.ts';
import type { AnyKind } from '../../src/cluster/kind.ts';
import { createReflector, type Reflector } from '../../src/cluster/reflector.ts';
import { createStore, type Store } from '../../src/cluster/store.ts';
import { defaultTiming, nextBackoffMs, systemClock, type Timing } from '../../src/cluster/timing.ts';
import type { Identity } from '../../src/core/objects.ts';
import { fakeApi, refuse, status, until, type FakeApi, type Trouble } from './fake-api.ts';

const quick: Timing = {
  ...defaultTiming,
  pageLimit: 2,
  openMs: 150,
  watchSeconds: [1, 1],
  graceMs: 500,
  shortWatchMs: 20,
  backoffMs: [5, 40],
  missingMs: [20, 30],
};

const things: AnyKind = {
  kind: 'Thing',
  group: 'test',
  versions: ['v2', 'v1'],
  resource: 'things',
  namespaced: true,
  optional: true,
  indexes: {},
  project: (raw) => {
    if (raw['explode'] === true) throw new Error('planted');
    return raw['hidden'] === true ? undefined : identity(raw);
  },
};

interface Rig {
  readonly api: FakeApi;
  readonly store: Store<Identity>;
  readonly reflector: Reflector;
  readonly relists: string[];
  readonly errors: string[];
  readonly names: () => readonly string[];
  readonly lists: () => number;
}

async function rig(t: Test, change: { kind?: Partial<AnyKind>; timing?: Partial<Timing> } = {}): Promise<Rig> {
  const api = await fakeApi();
  api.quietly(() => ['a', 'b', 'c', 'd', 'e'].forEach((name) => api.put(name)));
  const store = createStore<Identity>({ indexes: {} });
  const client = createClient(api.kubeConfig, systemClock.now);
  const relists: string[] = [];
  const errors: string[] = [];
  const reflector = createReflector({
    kind: { ...things, ...change.kind },
    store,
    client,
    clock: systemClock,
    timing: { ...quick, ...change.timing },
    onState: () => undefined,
    observer: {
      onError: ({ during, error }) => errors.push(`${during} ${error.statusCode ?? error.reason}`),
      onRelist: ({ reason }) => relists.push(reason),
      onCallbackError: () => undefined,
    },
  });
  t.teardown(async () => {
    await Promise.all([reflector.stop(), client.close()]);
    await api.close();
  });
  const names = (): readonly string[] =>
    store
      .all()
      .map(({ name }) => name)
      .sort();
  const lists = (): number =>
    api.requests.filter((url) => !url.searchParams.has('watch') && !url.searchParams.has('continue')).length;
  return { api, store, reflector, relists, errors, names, lists };
}

const synced = async ({ api, reflector }: Rig): Promise<void> => {
  reflector.start();
  await until(() => reflector.state() === 'synced' && api.watches.length > 0);
};

void t.test('a list in pages, then events and bookmarks; resumes from the last version', async (t) => {
  const the = await rig(t);
  the.reflector.start();
  await synced(the);
  t.strictSame(the.names(), ['a', 'b', 'c', 'd', 'e']);
  const [first] = the.api.requests;
  t.equal(first?.pathname, '/apis/test/v2/things');
  t.equal(first?.search, '?limit=2', 'consistent: no resourceVersion');
  t.equal(the.api.headers[0]?.authorization, 'Bearer a-token');
  t.match(the.api.watches[0]?.url.search, /allowWatchBookmarks=true&resourceVersion=105&timeoutSeconds=1/);
  the.api.put('f');
  the.api.remove('a');
  the.api.bookmark();
  await until(() => the.names().join('') === 'bcdef');
  const version = the.api.version;
  the.api.watches[0]?.end();
  await until(() => the.api.watches.length > 0);
  t.equal(the.api.watches[0]?.url.searchParams.get('resourceVersion'), String(version));
  const before = the.reflector.contactAt();
  await until(() => (the.reflector.contactAt() ?? 0) > (before ?? 0));
  t.strictSame(the.relists, ['first']);
  t.strictSame(the.errors, []);
});

void t.test('an expired version, in both shapes, means a list that misses no delete', async (t) => {
  const the = await rig(t);
  await synced(the);
  the.api.quietly(() => the.api.remove('a'));
  the.api.watches[0]?.send('ERROR', status(410, 'Expired'));
  await until(() => the.names().join('') === 'bcde' && the.api.watches.length > 0);
  the.api.quietly(() => the.api.remove('b'));
  the.api.trouble = (url, response, request) => url.searchParams.has('watch') && refuse(410, 'Expired')(url, response, request);
  the.api.watches[0]?.reset();
  await until(() => the.relists.length >= 3);
  the.api.trouble = undefined;
  await until(() => the.api.watches.length > 0);
  t.strictSame(the.names(), ['c', 'd', 'e']);
  t.equal(the.relists[1], 'expired-version');
  t.equal(the.relists[2], 'expired-version');
});

void t.test('an expired continue token means a list without pages', async (t) => {
  const the = await rig(t);
  the.api.trouble = (url, response, request) =>
    url.searchParams.has('continue') && refuse(410, 'Expired')(url, response, request);
  await synced(the);
  t.strictSame(the.names(), ['a', 'b', 'c', 'd', 'e']);
  t.strictSame(the.relists, ['expired-continue']);
  t.strictSame(the.errors, []);
});

void t.test('a version that goes back means a list', async (t) => {
  const the = await rig(t);
  await synced(the);
  the.api.watches[0]?.send('BOOKMARK', { metadata: { resourceVersion: '99' } });
  await until(() => the.relists.length === 2);
  t.strictSame(the.relists, ['first', 'version-went-back']);
});

for (const code of [401, 403, 429, 500, 503]) {
  void t.test(`HTTP ${code} ends nothing`, async (t) => {
    const the = await rig(t);
    the.api.trouble = refuse(code, 'Trouble');
    the.reflector.start();
    await until(() => the.errors.length >= 3);
    t.equal(the.reflector.state(), 'starting');
    the.api.trouble = undefined;
    await synced(the);
    the.api.trouble = (url, response, request) =>
      url.searchParams.has('watch') && refuse(code, 'Trouble')(url, response, request);
    the.api.quietly(() => the.api.remove('a'));
    the.api.watches[0]?.reset();
    await until(() => the.relists.includes('watch-refused'));
    t.notOk(the.names().includes('a'));
    the.api.trouble = undefined;
    await until(() => the.api.watches.length > 0);
    t.ok(the.errors.includes(`watch ${code}`));
  });
}

void t.test('resets, error events and an API server that is away are survived without a list', async (t) => {
  const the = await rig(t);
  await synced(the);
  the.api.watches[0]?.reset();
  await until(() => the.api.watches.length > 0);
  the.api.watches[0]?.send('ERROR', status(500, 'InternalError'));
  await until(() => the.api.watches.length > 0 && the.errors.includes('watch 500'));
  the.api.watches[0]?.send('ERROR', {});
  await until(() => the.api.watches.length > 0 && the.errors.includes('watch error event'));
  the.api.trouble = (_url, response) => response.socket?.resetAndDestroy() !== undefined;
  the.api.watches[0]?.reset();
  await until(() => the.errors.length >= 6);
  the.api.trouble = undefined;
  await until(() => the.api.watches.length > 0);
  the.api.put('z');
  await until(() => the.names().includes('z'));
  t.strictSame(the.relists, ['first']);
});

void t.test('after a long outage, an expired version costs no long pause before the list', async (t) => {
  const the = await rig(t, { timing: { backoffMs: [5, 2000] } });
  await synced(the);
  const away: Trouble = (_url, response) => response.socket?.resetAndDestroy() !== undefined;
  the.api.trouble = away;
  the.api.watches[0]?.reset();
  // By now a pause takes 320 ms at least, and the one after it twice as much.
  await until(() => the.errors.length >= 8);
  the.api.trouble = (url, response, request) => url.searchParams.has('watch') && refuse(410, 'Expired')(url, response, request);
  const refusedAt: number[] = [];
  const refusing = the.api.trouble;
  the.api.trouble = (url, response, request) => {
    if (url.searchParams.has('watch')) refusedAt.push(performance.now());
    return refusing(url, response, request);
  };
  await until(() => the.relists.length === 2);
  t.ok(performance.now() - (refusedAt[0] ?? 0) < 400, 'the pauses of the outage are over');
  await until(() => refusedAt.length >= 7);
  const pauses = refusedAt.slice(1).map((at, index) => at - (refusedAt[index] ?? 0));
  t.ok(Math.max(...pauses.slice(-2)) > 60, 'but a version that is refused again and again is not asked for all the time');
  the.api.trouble = undefined;
  await until(() => the.api.watches.length > 0);
});

void t.test('silence is cut: before the answer, and in the stream', async (t) => {
  const the = await rig(t, { timing: { watchSeconds: [1, 1], graceMs: -900 } });
  await synced(the);
  await until(() => the.errors.filter((error) => error === 'watch silent').length >= 2);
  the.api.trouble = (url) => url.searchParams.has('watch');
  await until(() => the.errors.filter((error) => error === 'watch silent').length >= 4);
  the.api.trouble = undefined;
  await until(() => the.api.watches.length > 0);
  the.api.put('z');
  await until(() => the.names().includes('z'));
  t.strictSame(the.relists, ['first']);
});

void t.test('odd lines and odd objects do not stop the stream', async (t) => {
  const the = await rig(t, { timing: { graceMs: 0 } });
  the.api.quietly(() => the.api.put('bad', { explode: true }));
  the.api.objects.set('nothing', null as unknown as Record<string, never>);
  await synced(the);
  t.equal(the.reflector.callbackErrors(), 1);
  const watching = the.api.watches[0];
  watching?.raw('this is no JSON\n{"type":"ADDED"}\n{}\n[]\n"x"\n{"type":"ADDED","object":[]}\n');
  the.api.put('worse', { explode: true });
  the.api.put('a', { hidden: true });
  the.api.put('z');
  await until(() => the.names().includes('z'));
  t.strictSame(the.names(), ['b', 'c', 'd', 'e', 'z'], 'what is no longer of interest is gone');
  t.equal(the.reflector.callbackErrors(), 2);
  t.equal(the.api.watches[0], watching, 'still the same stream');
  watching?.end();
});

void t.test('a kind may be missing, appear in an older version, and vanish', async (t) => {
  const the = await rig(t);
  the.api.trouble = (_url, response) => response.writeHead(404).end('404 page not found\n').writableEnded;
  the.reflector.start();
  await until(() => the.reflector.state() === 'missing');
  await until(() => the.lists() >= 6);
  t.strictSame(the.errors, [], 'quietly');
  the.api.trouble = (url, response) => url.pathname.includes('/v2/') && response.writeHead(404).end('404').writableEnded;
  await synced(the);
  t.equal(the.api.watches[0]?.url.pathname, '/apis/test/v1/things');
  t.strictSame(the.names(), ['a', 'b', 'c', 'd', 'e']);
  t.strictSame(the.relists, ['kind-appeared']);
  the.api.trouble = (_url, response) => response.writeHead(404).end().writableEnded;
  the.api.watches[0]?.reset();
  await until(() => the.reflector.state() === 'missing');
  t.strictSame(the.names(), []);
  the.api.trouble = undefined;
  await until(() => the.reflector.state() === 'synced');
  t.notOk(the.errors.includes('list 404'));
});

void t.test('a single 404 does not empty the store; a kind of the core is never missing', async (t) => {
  const the = await rig(t, { kind: { versions: ['v1'], optional: false, group: '' } });
  await synced(the);
  t.equal(the.api.requests[0]?.pathname, '/api/v1/things');
  the.api.trouble = refuse(404, 'NotFound');
  the.api.watches[0]?.reset();
  await until(() => the.errors.filter((error) => error === 'list 404').length >= 3);
  t.equal(the.reflector.state(), 'synced');
  t.equal(the.store.size(), 5);
  const other = await rig(t, { kind: { versions: ['v1'] } });
  await synced(other);
  let misses = 0;
  other.api.trouble = (url, response, request) => {
    if (misses >= 2) return false;
    misses += 1;
    return refuse(404, 'NotFound')(url, response, request);
  };
  other.api.watches[0]?.reset();
  await until(() => other.relists.length === 2);
  t.strictSame(other.relists, ['first', 'kind-removed']);
  t.equal(other.store.size(), 5);
});

void t.test('a list from time to time; odd answers are errors', async (t) => {
  const the = await rig(t, { timing: { relistMs: [50, 50], graceMs: 0 } });
  await synced(the);
  the.api.quietly(() => the.api.remove('a'));
  await new Promise((resolve) => setTimeout(resolve, 60));
  the.api.watches[0]?.end();
  await until(() => the.relists.includes('periodic'));
  t.notOk(the.names().includes('a'));
  const odd = await rig(t);
  odd.api.trouble = (_url, response) => response.end('[]').writableEnded;
  odd.reflector.start();
  await until(() => odd.errors.includes('list odd answer'));
  odd.api.trouble = (_url, response) => response.end('{"metadata":{},"items":{}}').writableEnded;
  await until(() => odd.errors.filter((error) => error === 'list odd answer').length >= 4);
  t.equal(odd.reflector.state(), 'starting');
});

void t.test('stop, whenever it comes, ends everything', async (t) => {
  for (const waitMs of [0, 1, 3, 10, 40, 120]) {
    const the = await rig(t);
    the.api.trouble = waitMs % 2 === 0 ? undefined : (): boolean => true;
    the.reflector.start();
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await Promise.all([the.reflector.stop(), the.reflector.stop()]);
    t.equal(the.reflector.state(), 'stopped');
  }
  const never = await rig(t);
  await never.reflector.stop();
  never.reflector.start();
  await never.reflector.stop();
  t.equal(never.api.requests.length, 0);
});

void t.test('whatever happens in between, the store becomes what the API server has', async (t) => {
  const the = await rig(t, { timing: { graceMs: 0 } });
  await synced(the);
  const letters = fc.constantFrom('a', 'b', 'c', '__proto__', 'x y');
  const act = fc.record({
    what: fc.constantFrom('put', 'put', 'remove', 'bookmark', 'reset', 'end', 'gone', 'lost'),
    name: letters,
  });
  const property = fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
    for (const { what, name } of acts) {
      const [watching] = the.api.watches;
      if (what === 'bookmark') the.api.bookmark();
      else if (what === 'reset') watching?.reset();
      else if (what === 'end') watching?.end();
      else if (what === 'gone') watching?.send('ERROR', status(410, 'Gone'));
      else {
        // A change while nobody watches is one that a real API server would tell at the next watch; this one expires the version.
        const unheard = what === 'lost' || watching === undefined;
        if (unheard) the.api.quietly(() => the.api.remove(name));
        else if (what === 'put') the.api.put(name);
        else the.api.remove(name);
        if (unheard) watching?.send('ERROR', status(410, 'Gone'));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await until(() => the.api.watches.length > 0);
    the.api.watches[0]?.send('ERROR', status(410, 'Gone'));
    await until(() => the.api.watches.length > 0 && the.names().join() === [...the.api.objects.keys()].sort().join());
  });
  await fc.assert(property, { numRuns: 15 });
  t.ok(the.relists.length > 1);
});

void t.test('pauses grow to a limit and differ', (t) => {
  t.equal(
    nextBackoffMs(1, [250, 8000], () => 1),
    250,
  );
  t.equal(
    nextBackoffMs(3, [250, 8000], () => 0),
    500,
  );
  t.equal(
    nextBackoffMs(5000, [250, 8000], () => 1),
    8000,
  );
  t.end();
});
