import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyPatch as applyRfc6902 } from 'rfc6902';
import t from 'tap';
import { asObject, at, own, type Json, type JsonObject } from '../../src/core/json.ts';
import { applyPatch, pointer, removeAt, setAt, type PatchOperation, type Path } from '../../src/core/patch.ts';
import { deepFreeze } from '../policies/cases.ts';
import { holds } from './property.ts';

/** By the library that the engine does not use. */
function appliedElsewhere(object: JsonObject, patch: readonly PatchOperation[]): Json {
  const copy = structuredClone(object);
  const faults = applyRfc6902(copy, structuredClone(patch) as unknown as Parameters<typeof applyRfc6902>[1]);
  for (const fault of faults) if (fault !== null) throw fault;
  return copy;
}

void t.test('a pointer escapes ~ before /', (t) => {
  t.equal(pointer([]), '');
  t.equal(pointer(['metadata', 'annotations', 'example.com/a~b']), '/metadata/annotations/example.com~1a~0b');
  t.equal(pointer(['~1']), '/~01');
  t.equal(pointer(['/~']), '/~1~0');
  t.equal(pointer(['']), '/');
  t.equal(pointer(['spec', 'containers', 0]), '/spec/containers/0');
  t.end();
});

void t.test('setAt', (t) => {
  const cases: readonly {
    readonly name: string;
    readonly object: JsonObject;
    readonly path: Path;
    readonly patch: readonly PatchOperation[];
  }[] = [
    { name: 'adds what is missing', object: { a: {} }, path: ['a', 'b'], patch: [{ op: 'add', path: '/a/b', value: 1 }] },
    {
      name: 'replaces what is there',
      object: { a: { b: 0 } },
      path: ['a', 'b'],
      patch: [{ op: 'replace', path: '/a/b', value: 1 }],
    },
    { name: 'replaces a null', object: { a: null }, path: ['a'], patch: [{ op: 'replace', path: '/a', value: 1 }] },
    { name: 'makes the parents', object: {}, path: ['a', 'b', 'c'], patch: [{ op: 'add', path: '/a', value: { b: { c: 1 } } }] },
    {
      name: 'makes a null parent anew',
      object: { a: null },
      path: ['a', 'b'],
      patch: [{ op: 'add', path: '/a', value: { b: 1 } }],
    },
    { name: 'goes into lists', object: { a: [{}, {}] }, path: ['a', 1, 'b'], patch: [{ op: 'add', path: '/a/1/b', value: 1 }] },
    { name: 'appends to a list', object: { a: [0] }, path: ['a', 1], patch: [{ op: 'add', path: '/a/1', value: 1 }] },
    {
      name: 'escapes',
      object: { a: { 'x/~': {} } },
      path: ['a', 'x/~', 'b'],
      patch: [{ op: 'add', path: '/a/x~1~0/b', value: 1 }],
    },
    { name: 'is nothing for the whole object', object: {}, path: [], patch: [] },
    {
      name: 'sees no inherited property',
      object: {},
      path: ['toString', 'a'],
      patch: [{ op: 'add', path: '/toString', value: { a: 1 } }],
    },
  ];
  for (const { name, object, path, patch } of cases) {
    t.strictSame(setAt(object, path, 1), patch, name);
    if (path.length > 0) t.equal(at(appliedElsewhere(object, patch), ...path), 1, `${name}, and it applies`);
  }
  t.end();
});

// `constructor` and `prototype` are left out: rfc6902 steps over them in every path.
const key = fc.oneof(
  fc.constantFrom('', '~', '/', '~1', '~0', 'a/b~c', '0', '-', 'toString', 'é'),
  fc.string({ maxLength: 6 }).filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text)),
);
const { tree } = fc.letrec<{ tree: JsonObject; node: Json }>((tie) => ({
  tree: fc.dictionary(key, tie('node'), { maxKeys: 4 }),
  node: fc.oneof({ maxDepth: 4 }, fc.constantFrom<Json>(null, 0, '', 'text', true), tie('tree')),
}));

/** Whether a path runs into a value that has no members. */
function blocked(object: JsonObject, path: Path): boolean {
  return path.slice(0, -1).some((_step, index) => {
    const parent = at(object, ...path.slice(0, index + 1));
    return parent !== undefined && parent !== null && asObject(parent) === undefined;
  });
}

const plainJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

void t.test('properties', (t) => {
  const anything = fc.tuple(
    tree,
    fc.array(key, { minLength: 1, maxLength: 4 }),
    fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__')),
  );
  const property = fc.property(anything, ([object, path, value]) => {
    deepFreeze(object);
    const before = JSON.stringify(object);
    const patch = setAt(object, path, value);
    if (blocked(object, path)) {
      assert.throws(() => applyPatch(object, patch));
      return;
    }
    const ours = applyPatch(object, patch);
    assert.equal(JSON.stringify(at(ours, ...path)), JSON.stringify(value));
    // As JSON: fast-check also makes objects without a prototype, and copies of those have one.
    assert.deepEqual(plainJson(appliedElsewhere(object, patch)), plainJson(ours), 'two libraries agree');
    assert.equal(JSON.stringify(object), before, 'the object given is as it was');
  });
  holds(t, 'setAt puts the value there, or the patch is refused before it is sent', property, 500);
  t.end();
});

void t.test('applyPatch', (t) => {
  const object = deepFreeze({ spec: { containers: [{ name: 'a' }, { name: 'b' }] } });
  const patched = applyPatch(object, [removeAt(['spec', 'containers', 0]), ...setAt(object, ['metadata', 'x'], 1)]);
  t.strictSame(patched, { spec: { containers: [{ name: 'b' }] }, metadata: { x: 1 } });
  t.strictSame(object, { spec: { containers: [{ name: 'a' }, { name: 'b' }] } }, 'leaves the input alone');
  t.equal(applyPatch(object, []), object, 'no patch, no copy');
  const stepwise = deepFreeze([
    { op: 'add', path: '/metadata', value: {} },
    { op: 'add', path: '/metadata/labels', value: {} },
    { op: 'replace', path: '/spec/containers/0/name', value: 'c' },
  ] as const);
  const { metadata, spec } = applyPatch(object, stepwise);
  t.strictSame(metadata, { labels: {} }, 'an operation may build on another');
  t.strictSame(spec, { containers: [{ name: 'c' }, { name: 'b' }] });
  t.strictSame(stepwise[0].value, {}, 'and leaves it as it will be sent');

  const misfits: readonly PatchOperation[] = [
    { op: 'add', path: '/metadata/labels', value: {} },
    { op: 'remove', path: '/spec/replicas' },
    { op: 'replace', path: '/spec/replicas', value: 1 },
    { op: 'add', path: '/spec/containers/7', value: {} },
    { op: 'add', path: '/spec/containers/name', value: {} },
    { op: 'add', path: '/spec/containers/0/name/x', value: 1 },
    { op: 'add', path: 'spec', value: 1 },
  ];
  for (const misfit of misfits) t.throws(() => applyPatch(object, [misfit]), `${misfit.op} ${misfit.path} does not fit`);
  t.end();
});

void t.test('prototypes are out of reach', (t) => {
  const through: Path = ['__proto__', 'polluted'];
  t.throws(() => applyPatch({}, setAt({}, through, 1)), /banned/, 'a path through __proto__ is refused');
  t.throws(
    () => applyPatch({ constructor: {} }, setAt({ constructor: {} }, ['constructor', 'prototype', 'polluted'], 1)),
    /banned/,
  );

  const inside = applyPatch({}, setAt({}, ['a', ...through], 1));
  t.equal(at(inside, 'a', ...through), 1, 'below a new parent it is an ordinary key');
  t.equal(Object.getPrototypeOf(own(inside, 'a')), Object.prototype, 'of an ordinary object');

  const hostile = JSON.parse('{"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}') as JsonObject;
  const kept = applyPatch(hostile, setAt(hostile, ['spec'], 1));
  t.equal(JSON.stringify(kept), `${JSON.stringify(hostile).slice(0, -1)},"spec":1}`, 'keys of users survive a patch beside them');
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
  t.end();
});
