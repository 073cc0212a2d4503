import fc from 'fast-check';
import t from 'tap';
import { createStore } from '../../src/cluster/store.ts';

interface Thing {
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | undefined;
}

const names = fc.constantFrom('a', 'b', '__proto__', 'constructor');
const things = fc.record(
  { namespace: names, name: names, owner: fc.option(names, { nil: undefined }) },
  { noNullPrototype: true },
);
const step = fc.oneof(
  fc.record({ act: fc.constant('upsert' as const), thing: things }),
  fc.record({ act: fc.constant('delete' as const), thing: things }),
  fc.record({ act: fc.constant('replaceAll' as const), things: fc.array(things) }),
);

void t.test('any sequence of changes leaves the store equal to a plain map, and its indexes too', (t) => {
  const key = ({ namespace, name }: Thing): string => `${namespace}/${name}`;
  const sorted = (items: readonly Thing[]): readonly Thing[] => [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const store = createStore<Thing, 'owner'>({ owner: ({ owner }) => owner });
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
    for (const value of ['a', 'b', '__proto__', 'constructor']) {
      t.strictSame(sorted(store.by('owner', value)), sorted(expected.filter(({ owner }) => owner === value)));
      t.strictSame(sorted(store.inNamespace(value)), sorted(expected.filter(({ namespace }) => namespace === value)));
      t.strictSame(store.get('a', value), model.get(`a/${value}`));
    }
  });
  fc.assert(property, { numRuns: 150 });
  t.end();
});

void t.test('items cannot be changed', (t) => {
  const store = createStore<Thing>({});
  store.upsert({ namespace: 'n', name: 'a', owner: undefined });
  t.ok(Object.isFrozen(store.get('n', 'a')));
  t.equal(store.get('n', 'b'), undefined);
  t.equal(store.get('m', 'a'), undefined);
  t.end();
});
