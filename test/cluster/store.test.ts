import fc from 'fast-check';
import t from 'tap';
import { createStore, type LabelStore } from '../../src/cluster/store.ts';
import type { Labels } from '../../src/core/objects.ts';

interface Thing {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | undefined;
  readonly hosts: readonly string[];
  readonly labels: Labels;
}

const words = ['a', 'b', '__proto__', 'constructor'];
const names = fc.constantFrom(...words);
/** Such that terms of different namespaces, keys and values read alike when they are put together. */
const odd = fc.constantFrom(...words, 'a=b', 'a/b', '');
const labels = fc.array(fc.tuple(odd, odd), { maxLength: 3 }).map((pairs): Labels => new Map(pairs));
const things = fc.record(
  {
    namespace: fc.oneof(names, fc.constantFrom('a/a', 'a/b')),
    name: names,
    owner: fc.option(names, { nil: undefined }),
    hosts: fc.array(names, { maxLength: 3 }),
    labels,
  },
  { noNullPrototype: true },
);
const step = fc.oneof(
  fc.record({ act: fc.constant('upsert' as const), thing: things }),
  fc.record({ act: fc.constant('delete' as const), thing: things }),
  fc.record({ act: fc.constant('replaceAll' as const), things: fc.array(things, { maxLength: 8 }) }),
);

const key = ({ namespace, name }: Thing): string => JSON.stringify([namespace, name]);
const sorted = (items: readonly Thing[]): readonly Thing[] => [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));

function thingStore(): LabelStore<Thing, 'owner' | 'host'> {
  return createStore<Thing, 'owner' | 'host'>({
    indexes: { owner: { of: ({ owner }) => owner }, host: { of: ({ hosts }) => hosts } },
    labels: { of: (thing) => thing.labels },
  });
}

void t.test('any sequence of changes leaves the store equal to a plain map, and its indexes too', (t) => {
  const wanted = fc.array(fc.tuple(odd, odd), { maxLength: 2 }).map((pairs): Labels => new Map(pairs));
  const questions = fc.array(fc.record({ namespace: names, wanted }), { minLength: 1, maxLength: 6 });
  const property = fc.property(fc.array(step, { maxLength: 40 }), questions, (steps, asked) => {
    const store = thingStore();
    const model = new Map<string, Thing>();
    for (const one of steps) {
      if (one.act === 'replaceAll') {
        model.clear();
        for (const thing of one.things) model.set(key(thing), thing);
        store.replaceAll(one.things.map((thing) => ({ ...thing })));
      } else if (one.act === 'upsert') {
        model.set(key(one.thing), one.thing);
        store.upsert({ ...one.thing });
      } else {
        model.delete(key(one.thing));
        store.delete(one.thing.namespace, one.thing.name);
      }
    }
    const expected = [...model.values()];
    t.equal(store.size(), model.size);
    t.strictSame(sorted(store.all()), sorted(expected));
    for (const value of words) {
      t.strictSame(sorted(store.by('owner', value)), sorted(expected.filter(({ owner }) => owner === value)));
      t.strictSame(sorted(store.by('host', value)), sorted(expected.filter(({ hosts }) => hosts.includes(value))));
      t.strictSame(store.get('a', value), model.get(JSON.stringify(['a', value])));
    }
    const carrying = [...expected.map((thing) => ({ namespace: thing.namespace, wanted: thing.labels })), ...asked];
    for (const { namespace, wanted } of carrying) {
      const naive = expected.filter(
        (thing) =>
          wanted.size > 0 &&
          thing.namespace === namespace &&
          [...wanted].every(([name, value]) => thing.labels.get(name) === value),
      );
      t.strictSame(sorted(store.select(namespace, wanted)), sorted(naive));
    }
  });
  fc.assert(property, { numRuns: 150 });
  t.end();
});

void t.test('the rarest label decides what is looked at', (t) => {
  const store = thingStore();
  let looked = 0;
  const counting = (labels: Labels): Labels => {
    const counted = new Map(labels);
    counted.get = (name) => {
      looked += 1;
      return labels.get(name);
    };
    return counted;
  };
  for (let index = 0; index < 1000; index += 1) {
    const own = new Map([
      ['app', 'cart'],
      ['index', String(index)],
    ]);
    store.upsert({ namespace: 'shop', name: `p-${index}`, owner: undefined, hosts: [], labels: counting(own) });
  }
  const wanted = new Map([
    ['app', 'cart'],
    ['index', '7'],
  ]);
  t.strictSame(
    store.select('shop', wanted).map(({ name }) => name),
    ['p-7'],
  );
  t.equal(looked, 2);
  t.strictSame(store.select('elsewhere', wanted), []);
  t.strictSame(store.select('shop', new Map()), [], 'no label is no question');
  t.strictSame(createStore<Thing>({ indexes: {} }).select('shop', wanted), [], 'a kind that is not found by labels');
  t.end();
});

void t.test('items cannot be changed', (t) => {
  const store = createStore<Thing>({ indexes: {} });
  store.upsert({ namespace: 'n', name: 'a', owner: undefined, hosts: [], labels: new Map() });
  t.ok(Object.isFrozen(store.get('n', 'a')));
  t.equal(store.get('n', 'b'), undefined);
  t.equal(store.get('m', 'a'), undefined);
  t.strictSame(store.by('nothing' as never, 'a'), []);
  t.end();
});
