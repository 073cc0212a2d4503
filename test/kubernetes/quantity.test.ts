import t from 'tap';
import fc from 'fast-check';
import { parseQuantity } from '../../src/kubernetes/quantity.ts';

const one = 1_000_000_000n;

void t.test('spellings and their values', (t) => {
  const cases: readonly [string | number, bigint][] = [
    ['1', one],
    [1, one],
    [0.5, one / 2n],
    [1e21, 10n ** 30n],
    ['1000m', one],
    ['1e3', 1000n * one],
    ['1E3', 1000n * one],
    ['1E', 10n ** 27n],
    ['12e-3', 12_000_000n],
    ['+2', 2n * one],
    ['-2.5', (-5n * one) / 2n],
    ['.5', one / 2n],
    ['5.', 5n * one],
    ['1k', 1000n * one],
    ['3M', 3_000_000n * one],
    ['2G', 2_000_000_000n * one],
    ['1T', 10n ** 21n],
    ['1P', 10n ** 24n],
    ['7n', 7n],
    ['7u', 7000n],
    ['1Ki', 1024n * one],
    ['1.5Gi', 1_610_612_736n * one],
    ['1Ei', 1024n ** 6n * one],
    ['0', 0n],
    ['-0', 0n],
    [' 1Gi ', 1_073_741_824n * one],
    ['0.1n', 1n],
    ['1e-20', 1n],
    ['-0.1n', -1n],
  ];
  for (const [spelling, nanos] of cases) t.equal(parseQuantity(spelling), nanos, String(spelling));
  t.end();
});

void t.test('what is no quantity', (t) => {
  const rejected = [
    '',
    '.',
    'Gi',
    '1K i',
    '1ki',
    '1KB',
    '1e',
    '1e3Ki',
    '--1',
    '0x10',
    '1e37',
    '1e-37',
    '1e9999',
    'NaN',
    '1,5',
    '1'.repeat(65),
  ];
  for (const text of rejected) t.equal(parseQuantity(text), undefined, text);
  for (const value of [null, true, [], {}, undefined, NaN, Infinity]) t.equal(parseQuantity(value), undefined, typeof value);
  t.end();
});

void t.test('properties', (t) => {
  const integers = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
  fc.assert(fc.property(integers, (n) => parseQuantity(`${n}`) === n * one && parseQuantity(`${n}m`) === n * 1_000_000n));
  fc.assert(fc.property(integers, (n) => parseQuantity(`${n}Ki`) === parseQuantity(`${n * 1024n}`)));
  fc.assert(
    fc.property(integers, fc.nat(12), (n, zeros) => parseQuantity(`${n}e${zeros}`) === parseQuantity(`${n}${'0'.repeat(zeros)}`)),
  );
  fc.assert(fc.property(integers, fc.nat(9), (n, zeros) => parseQuantity(`${n}.${'0'.repeat(zeros)}`) === n * one));
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      parseQuantity(value);
      return true;
    }),
  );
  t.end();
});

void t.test('a hostile text costs nothing', (t) => {
  const start = performance.now();
  parseQuantity('9'.repeat(5_000_000));
  for (let index = 0; index < 1000; index++) parseQuantity(`${'9'.repeat(60)}e36`);
  t.ok(performance.now() - start < 250);
  t.end();
});
