import t from 'tap';
import { asInteger, asList, asObject, asText, at, own, textEntries } from '../../src/core/json.ts';

const hostile = JSON.parse(
  '{"__proto__": {"polluted": "yes"}, "constructor": "mine", "list": [{"a": 1}], "null": null}',
) as unknown;

void t.test('only own properties are seen', (t) => {
  t.strictSame(Object.entries(own(hostile, '__proto__') as object), [['polluted', 'yes']], 'a key of that name is a key');
  t.equal(own(hostile, 'constructor'), 'mine');
  for (const inherited of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
    t.equal(own({}, inherited), undefined, inherited);
  for (const nothing of [undefined, null, 'text', 1, true, ['a']]) t.equal(own(nothing, 'length'), undefined);
  t.end();
});

void t.test('at follows own properties and indexes', (t) => {
  t.equal(at(hostile, '__proto__', 'polluted'), 'yes');
  t.equal(at(hostile, 'list', 0, 'a'), 1);
  t.equal(at(hostile, 'list', 1), undefined);
  t.equal(at(hostile, 'list', 'length'), undefined);
  t.equal(at(hostile, 'list', -1), undefined);
  t.equal(at(hostile, 'null'), null);
  t.equal(at(hostile, 'null', 'deeper'), undefined);
  t.equal(at({}, '__proto__', 'constructor'), undefined);
  t.equal(at('text', 0), undefined);
  t.equal(at('text'), 'text');
  t.end();
});

void t.test('shapes', (t) => {
  t.equal(asObject([]), undefined);
  t.equal(asObject(null), undefined);
  t.strictSame(asObject({ a: 1 }), { a: 1 });
  t.strictSame(asList('text'), []);
  t.strictSame(asList({ length: 1 }), []);
  t.strictSame(asList([1]), [1]);
  t.equal(asText(1), undefined);
  t.equal(asText(''), '');
  for (const odd of [1.5, NaN, Infinity, 2 ** 53, '1', null, true]) t.equal(asInteger(odd), undefined, String(odd));
  t.equal(asInteger(-3), -3);
  t.strictSame(textEntries({ a: 'b', c: 1, d: null, e: '' }), [
    ['a', 'b'],
    ['e', ''],
  ]);
  t.strictSame(textEntries('text'), []);
  t.strictSame(textEntries(hostile), [['constructor', 'mine']]);
  t.end();
});
