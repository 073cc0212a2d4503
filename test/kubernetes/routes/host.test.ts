import t from 'tap';
import fc from 'fast-check';
import { hostFromElsewhere, hostKey, serviceOfHost } from '../../../src/kubernetes/routes/host.ts';

const namespace = 'shop';
const service = (where: string, name: string, doubtful = false) => ({ kind: 'service', namespace: where, name, doubtful });

void t.test('hosts that mean a Service', (t) => {
  const long = 'a'.repeat(63);
  const cases: readonly [string, ReturnType<typeof service>][] = [
    ['web', service('shop', 'web')],
    ['web-2', service('shop', 'web-2')],
    ['2web', service('shop', '2web')],
    [long, service('shop', long)],
    ['web.prod.svc', service('prod', 'web')],
    ['web.prod.svc.cluster.local', service('prod', 'web')],
    ['web.prod.svc.corp.example', service('prod', 'web')],
    ['web.prod', service('prod', 'web', true)],
    ['api.example', service('example', 'api', true)],
    ['web.', service('shop', 'web', true)],
    ['web.prod.svc.cluster.local.', service('prod', 'web', true)],
    ['Web', service('shop', 'web', true)],
    ['web.PROD.SVC.cluster.local', service('prod', 'web', true)],
    ['constructor', service('shop', 'constructor')],
  ];
  for (const [host, meaning] of cases) t.strictSame(serviceOfHost(host, namespace), meaning, host);
  t.end();
});

void t.test('hosts that mean none', (t) => {
  const external = [
    ...['', '.', '..', '...', '*', '*.prod.svc.cluster.local', '*web', 'api.example.com', 'web.prod.pod.cluster.local'],
    ...['10.0.0.1', '10', '10.0', '::1', 'fe80::1', '[::1]', 'web.prod.svc..', '.web', 'web..svc', 'web..', 'wéb', 'wеb'],
    // The Kelvin sign is a k in lower case.
    ...['\u212Aube', '-web', 'web-', 'web_1', 'web prod', 'web\n', 'web\nprod', '__proto__', 'svc:shop/web', 'a'.repeat(64)],
    `web.prod.svc.${'a.'.repeat(125)}`,
    'a'.repeat(1_000_000),
  ];
  for (const host of external)
    t.strictSame(serviceOfHost(host, namespace), { kind: 'external' }, JSON.stringify(host.slice(0, 40)));
  const longest = `web.prod.svc.${'a.'.repeat(120)}`.slice(0, 253);
  t.equal(serviceOfHost(longest, namespace).kind, 'service', '253 characters');
  t.end();
});

void t.test('one key for all spellings', (t) => {
  for (const host of ['web', 'WEB', 'web.', 'web.shop', 'web.shop.svc', 'web.shop.svc.cluster.local', 'Web.shop.svc.corp.'])
    t.equal(hostKey(host, namespace), 'svc:shop/web', host);
  t.equal(hostKey('web', 'prod'), 'svc:prod/web');
  t.equal(hostKey('API.Example.com', namespace), 'api.example.com');
  t.equal(hostKey('api.example.com.', namespace), 'api.example.com');
  t.equal(hostKey('*', namespace), '*');
  t.equal(hostKey('', namespace), '');
  t.equal(hostKey('svc:shop/web', namespace), 'host:svc:shop/web', 'a made-up host is no Service');
  t.equal(hostKey('SVC:shop/web', namespace), 'host:svc:shop/web');
  t.end();
});

void t.test('a host as another namespace has to write it', (t) => {
  const cases: readonly [string, string][] = [
    ['web', 'web.team.svc'],
    ['Web.', 'Web.team.svc.'],
    ['web.prod', 'web.prod'],
    ['web.prod.svc.cluster.local', 'web.prod.svc.cluster.local'],
    ['*', '*'],
    ['::1', '::1'],
    ['', ''],
  ];
  for (const [host, moved] of cases) {
    t.equal(hostFromElsewhere(host, 'team'), moved, host);
    t.equal(hostKey(moved, namespace), hostKey(host, 'team'), `${host} keeps its key`);
    t.strictSame(serviceOfHost(moved, namespace), serviceOfHost(host, 'team'), `${host} keeps its meaning`);
  }
  t.end();
});

void t.test('any text has a meaning and a key, and they agree', (t) => {
  const label = fc.stringMatching(/^[a-z0-9-]{0,8}$/);
  const anyHost = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.array(label, { maxLength: 6 }).map((labels) => labels.join('.')),
  );
  fc.assert(
    fc.property(anyHost, fc.constantFrom('shop', '', '__proto__'), (host, where) => {
      const meaning = serviceOfHost(host, where);
      const key = hostKey(host, where);
      return meaning.kind === 'service' ? key === `svc:${meaning.namespace}/${meaning.name}` : !key.startsWith('svc:');
    }),
  );
  t.end();
});
