import t from 'tap';
import fc from 'fast-check';
import type { Json } from '../../../src/core/json.ts';
import { matchOf } from '../../../src/kubernetes/routes/match.ts';

const header = (value: Json, name = 'x-canary'): Json => ({ headers: { [name]: value } });
const sniHosts = ['a.example'];

void t.test('catch-alls', (t) => {
  const everything: readonly (Json | undefined)[] = [
    undefined,
    null,
    [],
    [{}],
    [{ uri: { exact: '/a' } }, {}],
    [{ name: 'all', statPrefix: 'x', ignoreUriCase: true }],
    [{ uri: { prefix: '/' } }],
    [{ uri: { prefix: '' } }],
    [{ uri: { prefix: '/', exact: null }, ignoreUriCase: true }],
    [{ uri: { regex: '.*' } }],
    [{ uri: { regex: '^/.*$' } }],
    [{ uri: { regex: '*' } }],
    [{ uri: {} }],
    [{ uri: null, headers: {}, queryParams: {}, sourceLabels: {}, gateways: [], port: 0, sourceNamespace: '', scheme: null }],
  ];
  for (const match of everything) {
    t.strictSame(matchOf(match, 'http'), { match: 'catch-all', matchKey: '', odd: undefined }, JSON.stringify(match));
    t.equal(matchOf(match, 'tcp').match, 'catch-all', 'tcp');
    t.equal(matchOf(match, 'tls').match, 'general', 'tls needs a host');
    t.not(matchOf(match, 'tls').matchKey, '', 'which is no catch-all');
  }
  t.end();
});

void t.test('general', (t) => {
  const general: readonly Json[] = [
    [{ uri: { prefix: '/api' } }],
    [{ uri: { exact: '/' } }],
    [{ uri: { regex: '^/' } }],
    [{ uri: { regex: 5 } }],
    [{ uri: { suffix: '/' } }],
    [{ uri: '/' }],
    [{ method: { exact: 'GET' } }],
    [{ port: 8080 }],
    [{ authority: { exact: 'a.example' } }],
    [{ scheme: { exact: 'https' } }],
    [{ gateways: ['mesh'] }],
    [{ sourceNamespace: 'qa' }],
    [{ withoutHeaders: { 'x-canary': { exact: 'true' } } }],
    [header({ exact: 'true' }), { uri: { prefix: '/api' } }],
    [header({})],
    [header(null)],
    [header({ exact: '' })],
    [header({ prefix: '' })],
    [header({ regex: 5 })],
    [header('true')],
    [header({ exact: 'x' }, ':path')],
    [header({ exact: 'x' }, ':Authority')],
    [header({ exact: 'x' }, 'Host')],
    [header({ exact: 'GET' }, 'method')],
    [{ headers: 'x' }],
    [{ queryParams: { v: { regex: '.*' } } }],
    [{ sourceLabels: { app: 5 } }],
    [{ sourceLabels: ['app'] }],
    [{ sourceLabels: { app: 'frontend' }, gateways: ['mesh'] }],
    [{ aFieldOfTomorrow: { exact: 'x' } }],
  ];
  for (const match of general) {
    const { odd, ...read } = matchOf(match, 'http');
    t.strictSame([read.match, odd], ['general', undefined], JSON.stringify(match));
    t.not(read.matchKey, '');
  }
  t.equal(matchOf([{ sniHosts }], 'tls').match, 'general');
  t.end();
});

void t.test('targeted', (t) => {
  const targeted: readonly Json[] = [
    [header({ exact: 'true' })],
    [header({ prefix: 'b' })],
    [header({ regex: '^(.*?;)?(user=jason)(;.*)?$' }, 'cookie')],
    [header({ exact: 'admin' }, '@request.auth.claims.group')],
    [{ queryParams: { v: { exact: '2' } } }],
    [{ sourceLabels: { app: 'smoke' } }],
    [{ sourceLabels: { app: '' } }],
    [{ uri: { prefix: '/api' }, headers: { 'x-canary': { exact: 'true' } } }],
    [{ uri: { prefix: '/' }, headers: { a: {}, 'x-canary': { exact: 'true' } } }],
    [header({ exact: 'true' }), { sourceLabels: { app: 'smoke' } }],
    [{ gateways: ['mesh'], headers: { 'x-canary': { exact: 'true' } } }],
  ];
  for (const match of targeted) t.equal(matchOf(match, 'http').match, 'targeted', JSON.stringify(match));
  t.equal(matchOf([{ sniHosts, sourceLabels: { app: 'smoke' } }], 'tls').match, 'targeted');
  t.equal(matchOf([{ sourceLabels: { app: 'smoke' } }], 'tcp').match, 'targeted');
  t.end();
});

void t.test('regular expressions that tell nobody apart', (t) => {
  const trivial = [
    ...['', '*', '.*', '.+', '^.*$', '^.+$', '.', '.{0,}', '.{1,9}', '(.*)', '(?:.*)', '(?i).*', '(?P<all>.*)', '(?<all>.+)'],
    ...[
      '[^;]*',
      '[\\s\\S]*',
      '[]a]+',
      '\\S+',
      '\\w*',
      '\\p{L}*',
      '\\pL*',
      'x-(a|.*)',
      'a|',
      '|a',
      '^(a|)$',
      '.*|true',
      '[abc',
      '\\p{L',
    ],
    `true${'e'.repeat(2000)}`,
  ];
  for (const regex of trivial) t.equal(matchOf([header({ regex })], 'http').match, 'general', regex.slice(0, 20));
  for (const regex of ['true', '^t.*', '.*canary.*', '(a|b)', '\\.', '[Tt]rue', 'a{2}'])
    t.equal(matchOf([header({ regex })], 'http').match, 'targeted', regex);
  t.end();
});

void t.test('keys of matches', (t) => {
  const key = (...blocks: readonly Json[]): string => matchOf(blocks, 'http').matchKey;
  const a = { uri: { exact: '/a' } };
  const b = { method: { exact: 'GET' }, headers: { y: { exact: '1' }, x: {} } };
  t.equal(key(a, b), key({ headers: { x: {}, y: { exact: '1' } }, method: { exact: 'GET' } }, a), 'no order of blocks and keys');
  t.equal(key(a, a), key(a), 'a block twice');
  t.equal(key({ ...a, name: 'n', statPrefix: 's' }), key(a), 'names and metrics');
  t.equal(key({ ...b, uri: { prefix: '/' }, gateways: [], port: 0, ignoreUriCase: true }), key(b), 'what asks for nothing');
  t.equal(key({ gateways: ['a', 'b'] }), key({ gateways: ['b', 'a'] }), 'lists are sets');
  t.not(key({ ...a, ignoreUriCase: true }), key(a), 'the case of a path');
  t.not(key({ headers: { x: {} } }), key({ headers: { x: null } }), 'values below a header are kept as they are');
  t.not(key({ port: 80 }), key({ port: 81 }));
  t.not(key(JSON.parse('{"headers":{"__proto__":{"exact":"1"}}}') as Json), key({ headers: { x: { exact: '1' } } }));
  t.end();
});

const value = fc.oneof(
  fc.record({ exact: fc.constantFrom('a', 'b', '') }),
  fc.record({ prefix: fc.constantFrom('/', '/a') }),
  fc.constant({}),
);
const block = fc.record(
  {
    uri: value,
    method: value,
    headers: fc.dictionary(fc.constantFrom('x', 'y', '__proto__'), value),
    port: fc.nat(2),
    gateways: fc.subarray(['g', 'h']),
  },
  { requiredKeys: [] },
);
const turned = (one: unknown): unknown => {
  if (typeof one !== 'object' || one === null) return one;
  if (Array.isArray(one)) return one.toReversed().map(turned);
  return Object.fromEntries(
    Object.entries(one)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)] as const),
  );
};

void t.test('the order of keys and blocks changes nothing', (t) => {
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 4 }),
      fc.constantFrom('http' as const, 'tls' as const, 'tcp' as const),
      (blocks, protocol) => {
        t.strictSame(matchOf(turned(blocks) as Json, protocol), matchOf(blocks as unknown as Json, protocol));
      },
    ),
  );
  t.end();
});

void t.test('total, and only a catch-all has no key', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())), (match) => {
      const read = matchOf(match, 'http');
      return (read.match === 'catch-all') === (read.matchKey === '');
    }),
  );
  t.end();
});
