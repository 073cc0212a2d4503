import t from 'tap';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import type { Route } from '../../../src/core/objects.ts';
import { withDelegates } from '../../../src/kubernetes/routes/delegate.ts';
import { virtualServiceRoute } from '../../../src/kubernetes/routes/istio.ts';

const routeOf = (name: string, spec: unknown, namespace = 'shop'): Route =>
  virtualServiceRoute({ metadata: { name, namespace }, spec: spec as Json })!;
const finder =
  (...routes: readonly Route[]) =>
  (namespace: string, name: string): Route | undefined =>
    routes.find((one) => one.namespace === namespace && one.name === name);
const delegate = (name: string, namespace?: string): JsonObject => ({
  delegate: { name, ...(namespace === undefined ? {} : { namespace }) },
});
const to = (subset: string, weight = 0, host = 'web'): JsonObject => ({ destination: { host, subset }, weight });

const canary = { match: [{ headers: { 'x-canary': { exact: 'true' } } }] };
const api = { match: [{ uri: { prefix: '/api' } }] };

void t.test('a delegate in the place of the rule', (t) => {
  const root = routeOf('root', {
    hosts: ['web'],
    http: [
      { name: 'r', ...api, ...delegate('leaf') },
      { name: 'own', route: [to('v1')] },
    ],
    tcp: [{ route: [to('v1')] }],
  });
  const leaf = routeOf('leaf', {
    http: [{ name: 'c', ...canary, route: [to('v2')] }, { route: [to('v1', 9), to('v2', 1)] }],
    tcp: [{ route: [to('v9')] }],
  });
  const merged = withDelegates(root, finder(leaf));
  t.match(merged, { name: 'root', hosts: ['web'] });
  t.strictSame(merged.rules, [
    {
      at: 'http[0] via shop/leaf http[0]',
      protocol: 'http',
      name: 'r-c',
      match: 'targeted',
      matchKey: '[{"uri":{"prefix":"/api"}}]\n[{"headers":{"x-canary":{"exact":"true"}}}]',
      shadowed: false,
      destinations: [{ key: 'svc:shop/web v2', host: 'web', subset: 'v2', path: 'spec.http[0].delegate', share: 1 }],
      delegate: undefined,
      odd: undefined,
    },
    {
      at: 'http[0] via shop/leaf http[1]',
      protocol: 'http',
      name: '',
      match: 'general',
      matchKey: '[{"uri":{"prefix":"/api"}}]',
      shadowed: false,
      destinations: [
        { key: 'svc:shop/web v1', host: 'web', subset: 'v1', path: 'spec.http[0].delegate', share: 0.9 },
        { key: 'svc:shop/web v2', host: 'web', subset: 'v2', path: 'spec.http[0].delegate', share: 0.1 },
      ],
      delegate: undefined,
      odd: undefined,
    },
    root.rules[1],
    root.rules[2],
  ]);
  t.equal(withDelegates(leaf, finder()), leaf, 'nothing to do');
  t.end();
});

void t.test('classes, keys and shadows', (t) => {
  const classes = (root: JsonObject, leaf: JsonObject) =>
    withDelegates(
      routeOf('root', { http: [{ ...root, ...delegate('leaf') }, {}] }),
      finder(routeOf('leaf', { http: [leaf] })),
    ).rules.map(({ match, matchKey, shadowed }) => [match, matchKey.split('\n').filter((key) => key !== '').length, shadowed]);
  const open = ['catch-all', 0, false];
  t.strictSame(classes({}, {}), [open, ['catch-all', 0, true]], 'a catch-all twice hides the rest');
  t.strictSame(classes({}, api), [['general', 1, false], open], 'what the delegate leaves goes on');
  t.strictSame(classes(api, {}), [['general', 1, false], open]);
  t.strictSame(classes(api, api), [['general', 2, false], open]);
  t.strictSame(classes(canary, {}), [['targeted', 1, false], open]);
  t.strictSame(classes({}, canary), [['targeted', 1, false], open]);
  t.strictSame(classes(canary, api), [['targeted', 2, false], open]);
  const shadowedLeaf = routeOf('leaf', { http: [{}, api] });
  const { rules } = withDelegates(routeOf('root', { http: [{ ...api, ...delegate('leaf') }] }), finder(shadowedLeaf));
  t.strictSame(
    rules.map(({ shadowed }) => shadowed),
    [false, false],
    'Istio may drop the rule that hides the other one in the delegate',
  );
  t.end();
});

void t.test('names', (t) => {
  const name = (root?: string, leaf?: string) =>
    withDelegates(
      routeOf('root', { http: [{ ...(root === undefined ? {} : { name: root }), ...delegate('leaf') }] }),
      finder(routeOf('leaf', { http: [leaf === undefined ? {} : { name: leaf }] })),
    ).rules[0]!.name;
  t.equal(name('r', 'l'), 'r-l');
  t.equal(name(undefined, 'l'), 'l');
  t.equal(name('r'), '', 'not the name of several rules');
  t.equal(name(), '');
  t.end();
});

void t.test('hosts are of the delegate’s namespace', (t) => {
  const leaf = {
    http: [{ route: [to('v1', 1, 'web'), to('v2', 1, 'api.example.com'), to('v3', 2, 'web.prod.svc.cluster.local')] }],
  };
  const hosts = (namespace: string) =>
    withDelegates(
      routeOf('root', { http: [delegate('leaf', namespace)] }),
      finder(routeOf('leaf', leaf, namespace)),
    ).rules[0]!.destinations.map(({ host }) => host);
  t.strictSame(hosts('shop'), ['web', 'api.example.com', 'web.prod.svc.cluster.local']);
  t.strictSame(hosts('team'), ['web.team.svc', 'api.example.com', 'web.prod.svc.cluster.local']);
  t.end();
});

void t.test('delegates that Istio does not put in', (t) => {
  const cases: readonly [string, Route | undefined, string][] = [
    ['missing', undefined, 'team/leaf is not there'],
    [
      'hosts of its own',
      routeOf('leaf', { hosts: ['web'], http: [{ route: [to('v1')] }] }, 'team'),
      'team/leaf has hosts of its own',
    ],
    ['private', routeOf('leaf', { exportTo: ['.'], http: [{}] }, 'team'), 'team/leaf is not exported to shop'],
    ['invisible', routeOf('leaf', { exportTo: ['~'], http: [{}] }, 'team'), 'team/leaf is not exported to shop'],
    ['for others', routeOf('leaf', { exportTo: ['prod'], http: [{}] }, 'team'), 'team/leaf is not exported to shop'],
  ];
  const root = routeOf('root', { http: [{ ...delegate('leaf', 'team'), route: [to('v1')] }, { route: [to('v1')] }] });
  for (const [what, leaf, odd] of cases) {
    const [rule, next] = withDelegates(root, leaf === undefined ? finder() : finder(leaf)).rules;
    t.strictSame(rule, { ...root.rules[0], destinations: [], odd }, what);
    t.equal(next?.shadowed, false, `${what}: the next rule is reached`);
  }
  for (const exportTo of [[], ['*'], ['shop'], ['prod', 'shop']]) {
    const leaf = routeOf('leaf', { exportTo, http: [{ route: [to('v1')] }] }, 'team');
    t.equal(withDelegates(root, finder(leaf)).rules[0]?.destinations.length, 1, `exported to ${exportTo.join()}`);
  }
  const home = routeOf('leaf', { exportTo: ['.'], http: [{ route: [to('v1')] }] });
  t.equal(
    withDelegates(routeOf('root', { http: [delegate('leaf')] }), finder(home)).rules[0]?.odd,
    undefined,
    'in one namespace',
  );
  const long = withDelegates(routeOf('root', { http: [delegate('x'.repeat(1000))] }), finder()).rules[0]!.odd!;
  t.ok(long.length < 80 && long.endsWith('… is not there'), long);
  t.end();
});

void t.test('one level, and no circle', (t) => {
  const self = routeOf('self', { http: [delegate('self')] });
  t.match(withDelegates(self, finder(self)).rules, [
    { at: 'http[0] via shop/self http[0]', destinations: [], delegate: 'shop/self', odd: 'shop/self delegates again' },
  ]);
  const again = routeOf('again', { http: [{ ...delegate('other'), route: [to('v1')] }, { route: [to('v1')] }] });
  const { rules } = withDelegates(routeOf('root', { http: [delegate('again'), {}] }), finder(again));
  t.strictSame(
    rules.map(({ odd, destinations, shadowed }) => [odd, destinations.length, shadowed]),
    [
      ['shop/again delegates again', 0, false],
      [undefined, 1, false],
      [undefined, 0, true],
    ],
  );
  t.end();
});

void t.test('odd rules stay odd', (t) => {
  const odd = (root: JsonObject, leaf: JsonObject) =>
    withDelegates(routeOf('root', { http: [{ ...root, ...delegate('leaf') }] }), finder(routeOf('leaf', { http: [leaf] })))
      .rules[0]!.odd;
  t.equal(odd({ match: 'x' }, {}), 'match is "x"');
  t.equal(odd({}, { route: 'x' }), 'route is "x"');
  t.equal(odd({}, {}), undefined);
  t.end();
});

void t.test('many rules that delegate to one large route', (t) => {
  const leaf = routeOf('leaf', { http: Array.from({ length: 1000 }, () => ({ ...api, route: [to('v1')] })) });
  const { rules } = withDelegates(routeOf('root', { http: Array.from({ length: 1000 }, () => delegate('leaf')) }), finder(leaf));
  t.ok(rules.length < 100_000, `${rules.length} rules`);
  t.match(rules.at(-1), { odd: 'shop/leaf has too many rules', destinations: [] });
  const wordy = routeOf('root', { http: [{ match: [{ uri: { exact: 'x'.repeat(1_000_000) } }], ...delegate('leaf') }] });
  t.equal(withDelegates(wordy, finder(leaf)).rules.length, 1, 'nor a long match many times');
  t.end();
});

void t.test('no more rules than both have, and shares as they were', (t) => {
  const rule = fc.record({
    match: fc.constantFrom(undefined, api.match, canary.match),
    route: fc.array(fc.constantFrom(to('v1', 1), to('v2', 3)), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), fc.array(rule, { maxLength: 5 }), (own, others) => {
      const leaf = routeOf('leaf', { http: others });
      const root = routeOf('root', { http: [...own, delegate('leaf')] });
      const { rules } = withDelegates(root, finder(leaf));
      t.equal(rules.length, own.length + others.length);
      const shares = (route: readonly { destinations: Route['rules'][number]['destinations'] }[]) =>
        route.map(({ destinations }) => destinations.map(({ subset, share }) => [subset, share]));
      t.strictSame(shares(rules), shares([...root.rules.slice(0, -1), ...leaf.rules]));
      const firstOpen = rules.findIndex(({ match }) => match === 'catch-all');
      t.ok(rules.every(({ shadowed }, index) => shadowed === (firstOpen !== -1 && index > firstOpen)));
    }),
  );
  t.end();
});
