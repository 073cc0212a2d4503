import t from 'tap';
import { ApiError } from '../../src/cluster/api-error.ts';
import { createLiveReads, type LiveRead, type LiveReadLimits, type ReadLive } from '../../src/cluster/live-reads.ts';
import type { JsonObject } from '../../src/core/json.ts';

interface Rig {
  readonly ask: (path: string, deadlineMs?: number, query?: Record<string, string>) => Promise<LiveRead>;
  /** Paths in the order of their departure. */
  readonly departed: string[];
  readonly answer: (path: string, body: JsonObject) => Promise<void>;
  readonly readLive: ReadLive;
  nowMs: number;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const thing = (name: string) => ({ namespace: '', name, uid: '' });
const namesIn = (body: JsonObject): readonly ReturnType<typeof thing>[] => {
  if (body['odd'] === true) throw new ApiError('odd answer');
  return (body['names'] as readonly string[]).map(thing);
};

function rig(limits: Partial<LiveReadLimits> = {}): Rig {
  const open = new Map<string, (body: JsonObject) => void>();
  const departed: string[] = [];
  const getJson = async (path: string): Promise<JsonObject> =>
    new Promise((resolve) => {
      departed.push(path);
      open.set(path, resolve);
    });
  const readLive = createLiveReads({ getJson }, { now: () => the.nowMs, ...limits });
  const the: Rig = {
    nowMs: 0,
    departed,
    readLive,
    ask: (path, deadlineMs = Infinity, query = {}) => readLive({ path, query, read: namesIn }, deadlineMs),
    answer: async (path, body) => {
      open.get(path)?.(body);
      await settled();
    },
  };
  return the;
}

void t.test('equal questions share a read', async (t) => {
  const the = rig({ timeoutMs: 200 });
  const first = the.ask('/a');
  the.nowMs = 50;
  const second = the.ask('/a');
  const other = the.ask('/a', Infinity, { labelSelector: 'x' });
  t.strictSame(the.departed, ['/a', '/a']);
  // Only the other one is left to be answered: both have one path.
  await the.answer('/a', { names: ['x'] });
  t.strictSame(await other, { ...(await other), ok: true, items: [thing('x')], startedAt: 50 });
  t.match(await first, { ok: false, why: 'timeout' }, 'after the timeout of a read, whoever waits');
  t.strictSame(await second, await first);
});

void t.test('what is more than may be under way waits for its turn', async (t) => {
  const the = rig({ inFlight: 2, queued: 2 });
  const asked = ['/a', '/b', '/c', '/d'].map((path) => the.ask(path));
  t.strictSame(the.departed, ['/a', '/b']);
  t.match(await the.ask('/e'), { ok: false, why: 'too many live reads' });
  const shared = the.ask('/d');
  await the.answer('/b', { names: ['b'] });
  t.strictSame(the.departed, ['/a', '/b', '/c']);
  await the.answer('/a', { names: ['a'] });
  await the.answer('/c', { names: ['c'] });
  await the.answer('/d', { names: ['d'] });
  const names = (await Promise.all([...asked, shared])).map((read) => (read.ok ? read.items[0]?.name : read.why));
  t.strictSame(names, ['a', 'b', 'c', 'd', 'd']);
  await the.answer('/x', {});
  void the.ask('/f');
  void the.ask('/g');
  t.strictSame(the.departed.slice(4), ['/f', '/g'], 'nothing is left behind');
});

void t.test('nobody waits beyond the deadline, and nothing is read for nobody', async (t) => {
  const the = rig({ inFlight: 1 });
  const first = the.ask('/a', 1000);
  const late = the.ask('/b', 20);
  const patient = the.ask('/c', 20);
  void the.ask('/c', 5000);
  t.match(await late, { ok: false, why: 'timeout' });
  t.match(await patient, { ok: false, why: 'timeout' });
  the.nowMs = 30;
  await the.answer('/a', { names: [] });
  t.match(await first, { ok: true, items: [] });
  t.strictSame(the.departed, ['/a', '/c'], 'one more waits for the last');
  t.match(await the.ask('/d', 30), { ok: false, why: 'no time left' });
});

void t.test('a good answer serves for a second', async (t) => {
  const the = rig();
  const first = the.ask('/a');
  the.nowMs = 200;
  await the.answer('/a', { names: ['a'] });
  t.match(await first, { ok: true, startedAt: 0 });
  the.nowMs = 1199;
  t.match(await the.ask('/a'), { ok: true, items: [thing('a')], startedAt: 0 }, 'as old as it is');
  t.equal(the.departed.length, 1);
  the.nowMs = 1200;
  void the.ask('/a');
  t.equal(the.departed.length, 2);
  await the.answer('/a', { odd: true });
  void the.ask('/a');
  t.equal(the.departed.length, 3, 'a bad one does not');
});

void t.test('what the cache heard since makes an answer old', async (t) => {
  const the = rig();
  let heard = 0;
  const ask = () => the.readLive({ path: '/a', query: {}, read: namesIn, changes: () => heard }, Infinity);
  const first = ask();
  await the.answer('/a', { names: ['a'] });
  await first;
  await ask();
  t.equal(the.departed.length, 1, 'nothing was heard: the answer is good');
  heard += 1;
  const second = ask();
  t.equal(the.departed.length, 2, 'it is not any more');
  heard += 1;
  const third = ask();
  t.equal(the.departed.length, 3, 'nor is one that is under way');
  await the.answer('/a', { names: ['b'] });
  t.match(await third, { ok: true, items: [{ name: 'b' }] });
  void second;
});

void t.test('few objects are kept, and not for long', async (t) => {
  const the = rig({ reuseMs: 30, keptItems: 4 });
  const read = async (path: string, names: readonly string[]): Promise<void> => {
    const answer = the.ask(path);
    await the.answer(path, { names });
    await answer;
  };
  await read('/a', ['a', 'b']);
  await read('/b', ['c']);
  void the.ask('/b');
  t.strictSame(the.departed, ['/a', '/b', '/b'], 'no room for two and one more');
  void the.ask('/a');
  t.equal(the.departed.length, 3);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await read('/c', ['c', 'd', 'e']);
  void the.ask('/c');
  t.equal(the.departed.length, 4, 'room again, though the clock stood still');
});

void t.test('failures say what it was', async (t) => {
  const failing = (error: Error): Promise<LiveRead> => {
    const readLive = createLiveReads({ getJson: () => Promise.reject(error) }, { now: () => 0 });
    return readLive({ path: '/a', query: {}, read: namesIn }, Infinity);
  };
  t.match(await failing(new Error('planted')), { ok: false, why: 'failed', statusCode: undefined, absent: false });
  t.match(await failing(new ApiError('NotFound', 404)), { ok: false, why: 'HTTP 404', absent: true });
  t.match(await failing(new ApiError('refused', 404)), { ok: false, why: 'HTTP 404', absent: false }, 'no such path');
  const the = rig();
  const odd = the.ask('/a');
  await the.answer('/a', { odd: true });
  t.match(await odd, { ok: false, why: 'odd answer' });
});
