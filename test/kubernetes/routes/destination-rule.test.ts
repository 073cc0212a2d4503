import t from 'tap';
import fc from 'fast-check';
import type { DestinationRuleObject, Labels } from '../../../src/core/objects.ts';
import { cannotJudgeLabels, destinationRule, subsetsFor } from '../../../src/kubernetes/routes/destination-rule.ts';

void t.test('a DestinationRule', (t) => {
  const labels: unknown = JSON.parse('{"version":"v1","odd":5,"__proto__":"x"}');
  const rule = destinationRule({
    metadata: { name: 'web', namespace: 'shop', uid: 'u-1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      host: 'web.shop.svc.cluster.local',
      exportTo: ['*', 5],
      workloadSelector: { matchLabels: { app: 'frontend' } },
      subsets: [
        { name: 'v1', labels: labels as Record<string, string> },
        { name: 'all' },
        { name: '' },
        null,
        'v2',
        { labels: {} },
      ],
    },
  });
  t.strictSame(rule, {
    namespace: 'shop',
    name: 'web',
    uid: 'u-1',
    createdAt: '2026-01-01T00:00:00Z',
    host: 'web.shop.svc.cluster.local',
    subsets: [
      { name: 'v1', labels: new Map([...Object.entries({ version: 'v1' }), ['__proto__', 'x']]) },
      { name: 'all', labels: new Map() },
    ],
    exportTo: ['*'],
    forSomeClients: true,
  });
  t.match(destinationRule({ metadata: { name: 'x' } }), {
    host: '',
    subsets: [],
    exportTo: [],
    forSomeClients: false,
    createdAt: '',
  });
  t.match(destinationRule({ metadata: { name: 'x' }, spec: { workloadSelector: null, subsets: {}, host: 5 } }), {
    host: '',
    forSomeClients: false,
  });
  t.equal(destinationRule({}), undefined);
  fc.assert(fc.property(fc.jsonValue(), (spec) => destinationRule({ metadata: { name: 'x' }, spec: spec })?.name === 'x'));
  t.end();
});

let count = 0;
/** Subsets as `v1: one, v2: two`: the label `version`. */
function rule(
  host: string,
  subsets: Readonly<Record<string, string>>,
  rest: Partial<DestinationRuleObject> = {},
): DestinationRuleObject {
  count += 1;
  const created = `2026-01-01T00:00:${String(count % 60).padStart(2, '0')}Z`;
  const list = Object.entries(subsets).map(([name, version]) => ({ name, labels: new Map([['version', version]]) }));
  return {
    ...{ namespace: 'shop', name: `rule-${count}`, uid: '', host, subsets: list, exportTo: [], forSomeClients: false },
    ...{ createdAt: created, ...rest },
  };
}

const plain = (subsets: ReadonlyMap<string, Labels> | undefined): unknown =>
  subsets && Object.fromEntries([...subsets].map(([name, labels]) => [name, labels.get('version')]));
const about = (...rules: readonly DestinationRuleObject[]): unknown => plain(subsetsFor(rules, 'shop', 'web'));

void t.test('hosts that are about shop/web', (t) => {
  const yes = [
    ...['web', 'web.shop.svc', 'web.shop.svc.cluster.local', 'web.shop.svc.corp', 'web.shop', 'WEB', '*'],
    ...[
      '*.shop.svc.cluster.local',
      '*.shop.svc',
      '*.shop.svc.corp.example',
      '*.svc.cluster.local',
      '*.svc',
      '*.cluster.local',
      '*.local',
    ],
    ...[
      '*eb.shop.svc.cluster.local',
      '*shop.svc.cluster.local',
      '*.SHOP.svc',
      '*.shop.svc.svc.example'.replace('.svc.svc', '.svc'),
    ],
  ];
  const no = [
    ...[
      '',
      'api',
      'web.prod.svc.cluster.local',
      '*.prod.svc.cluster.local',
      '*.hop.svc',
      '*.web.shop.svc',
      '*.example.com',
      '**',
    ],
    ...['api.example.com', `*.svc.${'a.'.repeat(200)}`, `*${'.svc.\n'.repeat(100_000)}`],
  ];
  for (const host of yes) t.strictSame(about(rule(host, { v1: '1' })), { v1: '1' }, host);
  for (const host of no) t.equal(about(rule(host, { v1: '1' })), undefined, host.slice(0, 40));
  t.equal(about(rule('web', { v1: '1' }, { namespace: 'other' })), undefined, 'a short host is of the namespace of its rule');
  t.strictSame(about(rule('web.shop.svc', { v1: '1' }, { namespace: 'other' })), { v1: '1' });
  t.strictSame(plain(subsetsFor([rule('*.svc.svc', { v1: '1' })], 'svc', 'web')), { v1: '1' }, 'a namespace called svc');
  t.equal(about(), undefined);
  t.strictSame(about(rule('web', {})), {}, 'about it, without subsets');
  t.end();
});

void t.test('the most specific host wins, whatever the age', (t) => {
  const ladder = ['web.shop', '*', '*.local', '*.cluster.local', '*.svc', '*.shop.svc', '*eb.shop.svc', 'web'];
  for (const [index, host] of ladder.entries()) {
    const rules = ladder.slice(0, index + 1).map((one) => rule(one, { [one]: one, v1: one }));
    t.strictSame(about(...rules), { [host]: host, v1: host }, host);
    t.strictSame(about(...rules.toReversed()), { [host]: host, v1: host }, `${host}, listed first`);
  }
  t.end();
});

void t.test('rules of one host are merged, the oldest first', (t) => {
  const old = rule('web', { v1: 'old', v2: 'old' }, { createdAt: '2026-01-01T00:00:00Z', name: 'z' });
  const young = rule('web.shop.svc', { v2: 'young', v3: 'young' }, { createdAt: '2026-01-02T00:00:00Z', name: 'a' });
  const unborn = rule('web', { v3: 'unborn', v4: 'unborn' }, { createdAt: '', name: 'a' });
  const merged = { v1: 'old', v2: 'old', v3: 'young', v4: 'unborn' };
  for (const rules of [
    [old, young, unborn],
    [unborn, young, old],
    [young, unborn, old],
  ])
    t.strictSame(about(...rules), merged);
  const first = rule('web', { v1: 'first' }, { createdAt: '', name: 'a' });
  const second = rule('web', { v1: 'second' }, { createdAt: '', name: 'b' });
  t.strictSame(about(second, first), { v1: 'first' }, 'then by name');
  t.strictSame(about(first, first), { v1: 'first' });
  const twice = { ...first, subsets: [...first.subsets, ...second.subsets] };
  t.strictSame(about(twice), { v1: 'first' }, 'twice in one rule');
  t.end();
});

void t.test('rules for some clients only add', (t) => {
  const some = rule('web', { v1: 'some', v3: 'some' }, { forSomeClients: true, createdAt: '2020-01-01T00:00:00Z' });
  t.strictSame(about(some, rule('web', { v1: 'all', v2: 'all' })), { v1: 'all', v2: 'all', v3: 'some' });
  t.strictSame(about(some, rule('*', { v1: 'all' })), { v1: 'all', v3: 'some' });
  t.strictSame(about(some), { v1: 'some', v3: 'some' });
  t.end();
});

void t.test('labels that pods do not carry', (t) => {
  const keys: readonly [string, boolean][] = [
    ['topology.kubernetes.io/zone', true],
    ['topology.kubernetes.io/region', true],
    ['topology.istio.io/subzone', true],
    ['topology.istio.io/cluster', true],
    ['topology.istio.io/network', true],
    ['kubernetes.io/hostname', true],
    ['failure-domain.beta.kubernetes.io/zone', true],
    ['version', false],
    ['kubernetes.io/hostname2', false],
    ['my.topology.istio.io/cluster', false],
    ['__proto__', false],
  ];
  for (const [key, expected] of keys)
    t.equal(
      cannotJudgeLabels(
        new Map([
          ['app', 'web'],
          [key, 'x'],
        ]),
      ),
      expected,
      key,
    );
  t.equal(cannotJudgeLabels(new Map()), false);
  t.end();
});
