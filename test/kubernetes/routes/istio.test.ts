import t from 'tap';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { RouteRule } from '../../../src/core/objects.ts';
import { virtualServiceRoute } from '../../../src/kubernetes/routes/istio.ts';

const metadata = { name: 'web', namespace: 'shop' };
const to = (subset: string, weight?: Json, host = 'web'): JsonObject => ({
  destination: { host, subset },
  ...(weight === undefined ? {} : { weight }),
});
const rulesOf = (spec: unknown): readonly RouteRule[] => virtualServiceRoute({ metadata, spec: spec as Json })?.rules ?? [];
const ruleOf = (rule: unknown): RouteRule => rulesOf({ http: [rule] })[0]!;
const sharesOf = (rule: RouteRule): Readonly<Record<string, number>> =>
  Object.fromEntries(rule.destinations.map(({ subset, share }) => [subset, share]));

void t.test('a VirtualService', (t) => {
  const route = virtualServiceRoute({
    apiVersion: 'networking.istio.io/v1beta1',
    metadata: { ...metadata, uid: 'u-1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      hosts: ['checkout.api.internal', 7],
      gateways: ['mesh', null, 'edge/gw'],
      exportTo: ['.'],
      tcp: [{ route: [to('v1', 0)] }],
      tls: [{ match: [{ sniHosts: ['a.example'] }], route: [to('v1')] }],
      http: [
        { name: 'canary', match: [{ headers: { 'x-canary': { exact: 'true' } } }], route: [to('v2')] },
        { route: [to('v1', 90), to('v2', 10)], mirror: { host: 'web', subset: 'v3' } },
      ],
    },
  });
  t.strictSame(route, {
    namespace: 'shop',
    name: 'web',
    uid: 'u-1',
    createdAt: '2026-01-01T00:00:00Z',
    hosts: ['checkout.api.internal'],
    gateways: ['mesh', 'edge/gw'],
    exportTo: ['.'],
    rules: [
      {
        at: 'http[0]',
        protocol: 'http',
        name: 'canary',
        match: 'targeted',
        matchKey: '[{"headers":{"x-canary":{"exact":"true"}}}]',
        shadowed: false,
        destinations: [{ key: 'svc:shop/web v2', host: 'web', subset: 'v2', path: 'spec.http[0].route[0]', share: 1 }],
        delegate: undefined,
        odd: undefined,
      },
      {
        at: 'http[1]',
        protocol: 'http',
        name: '',
        match: 'catch-all',
        matchKey: '',
        shadowed: false,
        destinations: [
          { key: 'svc:shop/web v1', host: 'web', subset: 'v1', path: 'spec.http[1].route[0]', share: 0.9 },
          { key: 'svc:shop/web v2', host: 'web', subset: 'v2', path: 'spec.http[1].route[1]', share: 0.1 },
        ],
        delegate: undefined,
        odd: undefined,
      },
      {
        at: 'tls[0]',
        protocol: 'tls',
        name: '',
        match: 'general',
        matchKey: '[{"sniHosts":["a.example"]}]',
        shadowed: false,
        destinations: [{ key: 'svc:shop/web v1', host: 'web', subset: 'v1', path: 'spec.tls[0].route[0]', share: 1 }],
        delegate: undefined,
        odd: undefined,
      },
      {
        at: 'tcp[0]',
        protocol: 'tcp',
        name: '',
        match: 'catch-all',
        matchKey: '',
        shadowed: false,
        destinations: [{ key: 'svc:shop/web v1', host: 'web', subset: 'v1', path: 'spec.tcp[0].route[0]', share: 1 }],
        delegate: undefined,
        odd: undefined,
      },
    ],
  });
  t.end();
});

void t.test('what is no object of the API, or holds nothing', (t) => {
  t.equal(virtualServiceRoute({}), undefined);
  t.equal(virtualServiceRoute({ metadata: { name: '' } }), undefined);
  t.equal(virtualServiceRoute({ metadata: { name: 5 } }), undefined);
  const empty = { namespace: '', name: 'x', uid: '', createdAt: '', hosts: [], gateways: [], exportTo: [], rules: [] };
  for (const spec of [undefined, null, [], 'x', {}, { http: {}, tls: 'x', tcp: null, hosts: 'web', gateways: { 0: 'mesh' } }])
    t.strictSame(virtualServiceRoute({ metadata: { name: 'x' }, spec }), empty, JSON.stringify(spec));
  t.end();
});

void t.test('shares', (t) => {
  const cases: readonly [string, readonly Json[], Readonly<Record<string, number>>][] = [
    ['one entry without a weight', [to('v1')], { v1: 1 }],
    ['one entry of weight 0', [to('v1', 0)], { v1: 1 }],
    ['one entry of weight 37', [to('v1', 37)], { v1: 1 }],
    ['absent is 0', [to('v1', 100), to('v2')], { v1: 1, v2: 0 }],
    ['null is 0', [to('v1', 100), to('v2', null)], { v1: 1, v2: 0 }],
    ['weight 0 is kept', [to('v1', 0), to('v2', 3)], { v1: 0, v2: 1 }],
    ['a sum other than 100', [to('v1', 500), to('v2', 500)], { v1: 0.5, v2: 0.5 }],
    ['the greatest weights', [to('v1', 2147483647), to('v2', 2147483647)], { v1: 0.5, v2: 0.5 }],
    ['all zero', [to('v1', 0), to('v2', 0)], { v1: 0, v2: 0 }],
    ['none has a weight', [to('v1'), to('v2')], { v1: 0, v2: 0 }],
    ['one destination twice', [to('v1', 1), to('v2', 2), to('v1', 1)], { v1: 0.5, v2: 0.5 }],
    ['one destination twice, nothing else, no weights', [to('v1'), to('v1')], { v1: 0 }],
    ['no entries', [], {}],
  ];
  for (const [what, route, shares] of cases) {
    for (const protocol of ['http', 'tls', 'tcp']) {
      const [rule] = rulesOf({ [protocol]: [{ match: [{ port: 80 }], route }] });
      t.strictSame([sharesOf(rule!), rule!.odd], [shares, undefined], `${protocol}: ${what}`);
    }
  }
  t.end();
});

void t.test('all spellings of a Service are one destination; another subset is another', (t) => {
  const hosts = ['web', 'web.shop.svc', 'web.shop.svc.cluster.local', 'WEB'];
  const rule = ruleOf({ route: [...hosts.map((host) => to('v1', 1, host)), to('', 4), to('v1', 0, 'web.other.svc')] });
  t.strictSame(rule.destinations, [
    { key: 'svc:shop/web v1', host: 'web', subset: 'v1', path: 'spec.http[0].route[0]', share: 0.5 },
    { key: 'svc:shop/web ', host: 'web', subset: '', path: 'spec.http[0].route[4]', share: 0.5 },
    { key: 'svc:other/web v1', host: 'web.other.svc', subset: 'v1', path: 'spec.http[0].route[5]', share: 0 },
  ]);
  const whole = ruleOf({ route: [{ destination: { host: 'web' } }, { destination: { host: 'web', subset: null }, weight: 1 }] });
  t.strictSame(whole.destinations, [{ key: 'svc:shop/web ', host: 'web', subset: '', path: 'spec.http[0].route[0]', share: 1 }]);
  t.end();
});

void t.test('what sends nothing anywhere', (t) => {
  const rules: readonly JsonObject[] = [
    { redirect: { uri: '/new' } },
    { directResponse: { status: 503 } },
    { mirror: { host: 'web' }, mirrors: [{ destination: { host: 'web' } }] },
    { route: null },
    {},
  ];
  for (const rule of rules) t.match(ruleOf(rule), { destinations: [], odd: undefined, match: 'catch-all' }, JSON.stringify(rule));
  t.end();
});

void t.test('what is odd', (t) => {
  const weights: readonly [Json, string][] = [
    ['50', '"50"'],
    [0.5, '0.5'],
    [-1, '-1'],
    [2147483648, '2147483648'],
    [1e300, '1e+300'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [true, 'true'],
    [[5], 'a list'],
    [{ value: 5 }, 'an object'],
    ['x'.repeat(1000), `"${'x'.repeat(19)}…"`],
  ];
  for (const [weight, shown] of weights) {
    const rule = ruleOf({ route: [to('v1', 5), to('v2', weight)] });
    t.strictSame([rule.odd, sharesOf(rule)], [`route[1].weight is ${shown}`, { v1: 0, v2: 0 }]);
    const only = ruleOf({ route: [to('v2', weight)] });
    t.strictSame([only.odd, sharesOf(only)], [`route[0].weight is ${shown}`, { v2: 1 }], 'the only entry takes everything');
  }
  const others: readonly [unknown, string][] = [
    [{ route: 'web' }, 'route is "web"'],
    [{ route: {} }, 'route is an object'],
    [{ route: [null] }, 'route[0].destination.host is absent'],
    [{ route: [{ destination: 'web' }] }, 'route[0].destination.host is absent'],
    [{ route: [{ destination: { host: '' } }] }, 'route[0].destination.host is ""'],
    [{ route: [{ destination: { host: null } }] }, 'route[0].destination.host is null'],
    [{ route: [to('v1', 1), { destination: { host: 'web', subset: 5 } }] }, 'route[1].destination.subset is 5'],
    [{ match: 'x', route: [to('v1')] }, 'match is "x"'],
    [{ match: { uri: { exact: '/' } } }, 'match is an object'],
    [{ match: [{ port: 1 }, null] }, 'match[1] is null'],
    [{ delegate: {} }, 'delegate.name is absent'],
    [{ delegate: { name: '' } }, 'delegate.name is ""'],
    [{ delegate: 'other' }, 'delegate.name is absent'],
    [null, 'the rule is null'],
    [['x'], 'the rule is a list'],
  ];
  for (const [rule, odd] of others) t.equal(ruleOf(rule).odd, odd, odd);
  t.strictSame(sharesOf(ruleOf({ route: [to('v1', 1), null] })), { v1: 0 });
  t.strictSame(
    rulesOf({ http: [null, 7, { match: 'x' }, {}] }).map(({ match, shadowed }) => [match, shadowed]),
    [
      ['general', false],
      ['general', false],
      ['general', false],
      ['catch-all', false],
    ],
    'what is no rule hides no other',
  );
  t.end();
});

void t.test('delegates', (t) => {
  t.equal(ruleOf({ delegate: { name: 'other' } }).delegate, 'shop/other');
  t.equal(ruleOf({ delegate: { name: 'other', namespace: '' } }).delegate, 'shop/other');
  t.equal(ruleOf({ delegate: { name: 'other', namespace: 'team' } }).delegate, 'team/other');
  t.equal(ruleOf({ delegate: null }).delegate, undefined);
  t.equal(rulesOf({ tcp: [{ delegate: { name: 'other' } }] })[0]!.delegate, undefined, 'http only');
  t.end();
});

void t.test('shadows', (t) => {
  const shadows = (spec: unknown) => rulesOf(spec).map(({ at, shadowed }) => `${at}${shadowed ? ' shadowed' : ''}`);
  const uri = { match: [{ uri: { prefix: '/a' } }] };
  t.strictSame(shadows({ http: [uri, {}, uri, {}], tcp: [{}, {}], tls: [uri, uri] }), [
    ...['http[0]', 'http[1]', 'http[2] shadowed', 'http[3] shadowed'],
    ...['tls[0]', 'tls[1]', 'tcp[0]', 'tcp[1] shadowed'],
  ]);
  t.strictSame(shadows({ http: [{ match: [{ uri: { prefix: '/' } }] }, {}] }), ['http[0]', 'http[1] shadowed']);
  t.strictSame(shadows({ http: [{ redirect: {} }, {}] }), ['http[0]', 'http[1] shadowed']);
  t.strictSame(shadows({ http: [{ delegate: { name: 'x' } }, {}] }), ['http[0]', 'http[1]'], 'a delegate may leave something');
  t.end();
});

void t.test('names like __proto__ are names', (t) => {
  const spec: unknown = JSON.parse(
    '{"http":[{"__proto__":{"name":"x","delegate":{"name":"y"}},"route":[{"__proto__":{"weight":5},"destination":{"host":"__proto__","subset":"__proto__"}}]}]}',
  );
  t.match(rulesOf(spec)[0], {
    name: '',
    delegate: undefined,
    destinations: [{ host: '__proto__', subset: '__proto__', share: 1 }],
  });
  t.end();
});

void t.test('10,000 destinations are read once each', (t) => {
  let read = 0;
  const route = Array.from({ length: 10_000 }, (_, index) => {
    const entry = to(`v${index}`, 1);
    return Object.defineProperty(entry, 'destination', {
      enumerable: true,
      get: () => ((read += 1), { host: 'web', subset: `v${index}` }),
    });
  });
  const rule = ruleOf({ route });
  t.equal(rule.destinations.length, 10_000);
  t.equal(rule.destinations[9_999]?.share, 1 / 10_000);
  t.ok(read <= 100_000, `${read} reads`);
  t.end();
});

const weight = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(0, 2_147_483_647));
const entry = fc.tuple(fc.constantFrom('v1', 'v2', 'v3', ''), weight);

void t.test('shares add up to 1 or to 0, and only their ratio counts', (t) => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 1000 }), (entries, factor) => {
      const small = entries.map(([subset, one]) => [subset, Math.min(one, 2_000_000)] as const);
      const read = (scale: number) => ruleOf({ route: small.map(([subset, one]) => to(subset, one * scale)) }).destinations;
      const sum = read(1).reduce((all, { share }) => all + share, 0);
      t.ok(sum === 0 || Math.abs(sum - 1) < 1e-9, `sum ${sum}`);
      t.strictSame(read(factor), read(1));
    }),
  );
  t.end();
});

void t.test('total on any JSON', (t) => {
  const key = fc.constantFrom('http', 'route', 'match', 'destination', 'host', 'subset', 'weight', 'headers', 'uri', '__proto__');
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, 0, -1, 1.5, 'web', '', true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.oneof(json, fc.jsonValue() as fc.Arbitrary<unknown>, fc.anything()), (value) => {
      for (const spec of [
        value,
        { http: value, tls: value, tcp: value },
        { http: [value] },
        { http: [{ match: value, route: value }] },
      ]) {
        for (const { destinations, odd } of rulesOf(spec)) {
          const sum = destinations.reduce((all, { share }) => all + share, 0);
          if (!(sum === 0 || Math.abs(sum - 1) < 1e-9) || (odd ?? '').length > 80) return false;
        }
      }
      return true;
    }),
  );
  const deep: unknown = JSON.parse(`${'{"a":['.repeat(50_000)}0${']}'.repeat(50_000)}`);
  t.equal(ruleOf({ match: [{ headers: deep }] }).match, 'general');
  t.end();
});
