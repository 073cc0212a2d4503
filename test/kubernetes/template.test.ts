import t from 'tap';
import type { Json } from '../../src/core/json.ts';
import type { Ignore } from '../../src/kubernetes/template.ts';
import { canonicalTemplate, codeIdentity, sameTemplate } from '../../src/kubernetes/template.ts';

interface Case {
  readonly name: string;
  readonly a: Json;
  readonly b: Json;
  readonly ignore?: Ignore;
}

const pod = (spec: Json): Json => ({ metadata: { labels: { app: 'x' } }, spec });
const container = (fields: object): Json => pod({ containers: [{ name: 'app', image: 'acme/api:1', ...fields }] });
const meta = (metadata: Json): Json => ({ metadata, spec: { containers: [] } });
const volume = (fields: object): Json => pod({ volumes: [{ name: 'data', ...fields }] });
const env = (...list: readonly Json[]): Json => container({ env: list });
const probe = { httpGet: { port: 8080 } };
const writtenOut = {
  httpGet: { port: 8080, path: '/', scheme: 'HTTP', host: '' },
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
};
const parsed = (text: string): Json => JSON.parse(text) as Json;
const affinity = (term: object): Json =>
  pod({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }] } },
  });
const preferred = (term: object): Json =>
  pod({
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'z', ...term } }],
      },
    },
  });
const claim = (spec: object): Json => volume({ ephemeral: { volumeClaimTemplate: { spec } } });

const equal: readonly Case[] = [
  { name: 'key order', a: parsed('{"spec":{"a":1,"b":2}}'), b: parsed('{"spec":{"b":2,"a":1}}') },
  { name: 'null is absent', a: container({ command: null, lifecycle: null }), b: container({}) },
  { name: 'empty is absent', a: container({ command: [], securityContext: {}, resources: { limits: {} } }), b: container({}) },
  { name: 'nothing at all', a: null, b: {} },
  { name: 'creationTimestamp', a: meta({ creationTimestamp: null }), b: meta({ creationTimestamp: '2026-01-01T00:00:00Z' }) },
  { name: 'pod-template-hash', a: meta({ labels: { a: 'b', 'pod-template-hash': 'f00' } }), b: meta({ labels: { a: 'b' } }) },
  { name: 'rollouts-pod-template-hash', a: meta({ labels: { 'rollouts-pod-template-hash': 'f00' } }), b: meta({}) },
  {
    name: 'memory by value',
    a: container({ resources: { limits: { memory: '1Gi' } } }),
    b: container({ resources: { limits: { memory: 1073741824 } } }),
  },
  {
    name: 'cpu by value',
    a: container({ resources: { requests: { cpu: '1' } } }),
    b: container({ resources: { requests: { cpu: '1000m' } } }),
  },
  {
    name: 'unparsable quantities stay what they are',
    a: container({ resources: { limits: { x: 'many' } } }),
    b: container({ resources: { limits: { x: 'many' } } }),
  },
  { name: 'pod resources', a: pod({ resources: { limits: { cpu: '1' } } }), b: pod({ resources: { limits: { cpu: '1.0' } } }) },
  { name: 'overhead', a: pod({ overhead: { cpu: '1' } }), b: pod({ overhead: { cpu: '1e0' } }) },
  { name: 'sizeLimit', a: volume({ emptyDir: { sizeLimit: '1Ki' } }), b: volume({ emptyDir: { sizeLimit: '1024' } }) },
  {
    name: 'claim size',
    a: claim({ resources: { requests: { storage: '1Gi' } }, volumeMode: 'Filesystem' }),
    b: claim({ resources: { requests: { storage: '1024Mi' } } }),
  },
  {
    name: 'divisor',
    a: env({ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } }),
    b: env({ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }),
  },
  {
    name: 'divisor by value',
    a: env({ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } }),
    b: env({ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0.001' } } }),
  },
  { name: 'empty env value', a: env({ name: 'A', value: '' }), b: env({ name: 'A' }) },
  { name: 'serviceAccount', a: pod({ serviceAccount: 'x', serviceAccountName: 'x' }), b: pod({ serviceAccountName: 'x' }) },
  { name: 'serviceAccount alone', a: pod({ serviceAccount: 'x' }), b: pod({ serviceAccountName: 'x' }) },
  {
    name: 'serviceAccountName wins',
    a: pod({ serviceAccount: 'y', serviceAccountName: 'x' }),
    b: pod({ serviceAccountName: 'x' }),
  },
  {
    name: 'terminationMessage',
    a: container({ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }),
    b: container({}),
  },
  { name: 'pull policy of a version', a: container({ imagePullPolicy: 'IfNotPresent' }), b: container({}) },
  { name: 'pull policy of latest', a: container({ image: 'a', imagePullPolicy: 'Always' }), b: container({ image: 'a' }) },
  {
    name: 'protocol',
    a: container({ ports: [{ containerPort: 1, protocol: 'TCP', hostPort: 0 }] }),
    b: container({ ports: [{ containerPort: 1 }] }),
  },
  { name: 'liveness defaults', a: container({ livenessProbe: probe }), b: container({ livenessProbe: writtenOut }) },
  { name: 'readiness defaults', a: container({ readinessProbe: probe }), b: container({ readinessProbe: writtenOut }) },
  { name: 'startup defaults', a: container({ startupProbe: probe }), b: container({ startupProbe: writtenOut }) },
  {
    name: 'grpc service',
    a: container({ livenessProbe: { grpc: { port: 1, service: '' } } }),
    b: container({ livenessProbe: { grpc: { port: 1 } } }),
  },
  {
    name: 'hook defaults',
    a: container({ lifecycle: { preStop: { httpGet: { port: 1, scheme: 'HTTP' } } } }),
    b: container({ lifecycle: { preStop: { httpGet: { port: 1, path: '/' } } } }),
  },
  {
    name: 'pod defaults',
    a: pod({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      securityContext: {},
    }),
    b: pod({}),
  },
  { name: 'flags that are stored only when set', a: pod({ hostNetwork: false, hostPID: false }), b: pod({}) },
  {
    name: 'mounts',
    a: container({ volumeMounts: [{ name: 'a', mountPath: '/a', readOnly: false, subPath: '' }] }),
    b: container({ volumeMounts: [{ name: 'a', mountPath: '/a' }] }),
  },
  {
    name: 'fieldRef',
    a: env({ name: 'A', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'f' } } }),
    b: env({ name: 'A', valueFrom: { fieldRef: { fieldPath: 'f' } } }),
  },
  {
    name: 'secret mode',
    a: volume({ secret: { secretName: 's', defaultMode: 420 } }),
    b: volume({ secret: { secretName: 's' } }),
  },
  { name: 'configMap mode', a: volume({ configMap: { name: 's', defaultMode: 420 } }), b: volume({ configMap: { name: 's' } }) },
  {
    name: 'projected',
    a: volume({ projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] } }),
    b: volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
  },
  {
    name: 'downwardAPI items',
    a: volume({ downwardAPI: { items: [{ path: 'p', fieldRef: { apiVersion: 'v1', fieldPath: 'f' } }] } }),
    b: volume({ downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'f' } }] } }),
  },
  { name: 'hostPath', a: volume({ hostPath: { path: '/p', type: '' } }), b: volume({ hostPath: { path: '/p' } }) },
  { name: 'no source is an emptyDir', a: volume({}), b: volume({ emptyDir: {} }) },
  { name: 'null sources are none', a: volume({ emptyDir: null }), b: volume({ emptyDir: {} }) },
  {
    name: 'rbd',
    a: volume({ rbd: { image: 'i', pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' } }),
    b: volume({ rbd: { image: 'i' } }),
  },
  {
    name: 'azureDisk',
    a: volume({ azureDisk: { diskName: 'd', cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4' } }),
    b: volume({ azureDisk: { diskName: 'd' } }),
  },
  { name: 'ignored startupProbe', a: container({ startupProbe: probe }), b: container({}), ignore: { startupProbes: true } },
  {
    name: 'ignored startupProbe of init containers',
    a: pod({ initContainers: [{ name: 'a', startupProbe: probe }] }),
    b: pod({ initContainers: [{ name: 'a' }] }),
    ignore: { startupProbes: true },
  },
  {
    name: 'ignored restart',
    a: meta({ annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } }),
    b: meta({}),
    ignore: { restarts: true },
  },
  {
    name: 'ignored both',
    a: {
      metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } },
      spec: { containers: [{ name: 'a', startupProbe: probe }] },
    },
    b: { spec: { containers: [{ name: 'a' }] } },
    ignore: { restarts: true, startupProbes: true },
  },
];

const different: readonly Case[] = [
  { name: 'image', a: container({ image: 'a:1' }), b: container({ image: 'a:2' }) },
  {
    name: 'env order',
    a: env({ name: 'A', value: '1' }, { name: 'B', value: '2' }),
    b: env({ name: 'B', value: '2' }, { name: 'A', value: '1' }),
  },
  {
    name: 'port name or number',
    a: container({ livenessProbe: { httpGet: { port: '8080' } } }),
    b: container({ livenessProbe: { httpGet: { port: 8080 } } }),
  },
  { name: 'list elements are counted', a: container({ args: [''] }), b: container({}) },
  { name: 'empty elements are kept', a: pod({ tolerations: [{}] }), b: pod({}) },
  { name: 'an element of defaults only', a: pod({ ports: [null] }), b: pod({ ports: [{}] }) },
  { name: 'empty lists in lists', a: pod({ x: [[]] }), b: pod({ x: [{}] }) },
  { name: 'label value ""', a: meta({ labels: { a: '' } }), b: meta({}) },
  { name: 'annotation value ""', a: meta({ annotations: { a: '' } }), b: meta({}) },
  { name: 'nodeSelector value ""', a: pod({ nodeSelector: { a: '' } }), b: pod({}) },
  {
    name: 'restart counts unless ignored',
    a: meta({ annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } }),
    b: meta({}),
  },
  { name: 'startupProbe counts unless ignored', a: container({ startupProbe: probe }), b: container({}) },
  {
    name: 'readiness counts when startupProbe is ignored',
    a: container({ readinessProbe: probe }),
    b: container({}),
    ignore: { startupProbes: true },
  },
  { name: 'pull policy against the tag', a: container({ imagePullPolicy: 'Always' }), b: container({}) },
  { name: 'pull policy of no image', a: pod({ containers: [{ imagePullPolicy: 'Always' }] }), b: pod({ containers: [{}] }) },
  { name: 'sizeLimit', a: volume({ emptyDir: { sizeLimit: '1Gi' } }), b: volume({ emptyDir: {} }) },
  { name: 'volume source kind', a: volume({ emptyDir: {} }), b: volume({ downwardAPI: {} }) },
  { name: 'volume source of defaults only', a: volume({ projected: { defaultMode: 420 } }), b: volume({}) },
  {
    name: 'projected source kind',
    a: volume({ projected: { sources: [{ secret: {} }] } }),
    b: volume({ projected: { sources: [{ configMap: {} }] } }),
  },
  { name: 'labelSelector {} is all', a: affinity({ labelSelector: {} }), b: affinity({}) },
  { name: 'namespaceSelector {} is all', a: affinity({ namespaceSelector: {} }), b: affinity({}) },
  { name: 'preferred term too', a: preferred({ labelSelector: {} }), b: preferred({}) },
  {
    name: 'spread constraint',
    a: pod({ topologySpreadConstraints: [{ labelSelector: {} }] }),
    b: pod({ topologySpreadConstraints: [{}] }),
  },
  { name: 'claim selector', a: claim({ selector: {} }), b: claim({}) },
  { name: 'storageClassName "" is a statement', a: claim({ storageClassName: '' }), b: claim({}) },
  { name: 'pointers: false', a: pod({ automountServiceAccountToken: false }), b: pod({}) },
  { name: 'pointers: 0', a: container({ securityContext: { runAsUser: 0 } }), b: container({}) },
  { name: 'enableServiceLinks false', a: pod({ enableServiceLinks: false }), b: pod({}) },
  { name: 'grace period 0', a: pod({ terminationGracePeriodSeconds: 0 }), b: pod({}) },
  { name: 'quantity 0', a: container({ resources: { limits: { cpu: '0' } } }), b: container({}) },
  {
    name: 'quantity value',
    a: container({ resources: { limits: { cpu: '1' } } }),
    b: container({ resources: { limits: { cpu: '2' } } }),
  },
  { name: 'no quantity outside of quantity positions', a: env({ name: 'A', value: '1' }), b: env({ name: 'A', value: '1000m' }) },
  {
    name: 'init container restartPolicy',
    a: pod({ initContainers: [{ name: 'a', restartPolicy: 'Always' }] }),
    b: pod({ initContainers: [{ name: 'a' }] }),
  },
  { name: 'init is not app', a: pod({ initContainers: [{ name: 'a' }] }), b: pod({ containers: [{ name: 'a' }] }) },
  { name: 'service account', a: pod({ serviceAccountName: 'a' }), b: pod({ serviceAccountName: 'b' }) },
  { name: 'odd service account', a: pod({ serviceAccountName: 5, serviceAccount: 'x' }), b: pod({ serviceAccount: 'x' }) },
  {
    name: '__proto__ label',
    a: parsed('{"metadata":{"labels":{"__proto__":"a"}}}'),
    b: parsed('{"metadata":{"labels":{"__proto__":"b"}}}'),
  },
  { name: '__proto__ is no absence', a: parsed('{"metadata":{"labels":{"__proto__":"a"}}}'), b: {} },
  { name: 'constructor label', a: meta({ labels: { constructor: 'a' } }), b: meta({}) },
  { name: 'strings cannot fake structure', a: meta({ labels: { a: 'b1:c"1:d' } }), b: meta({ labels: { a: 'b', c: 'd' } }) },
  { name: 'default in the wrong type', a: pod({ restartPolicy: ['Always'] }), b: pod({ restartPolicy: [''] }) },
];

function same(a: Json, b: Json, ignore?: Ignore): boolean {
  const [left, right] = [structuredClone(a), structuredClone(b)];
  const answer = canonicalTemplate(left, ignore) === canonicalTemplate(right, ignore);
  t.equal(sameTemplate(structuredClone(a), structuredClone(b), ignore), answer, 'sameTemplate agrees');
  t.equal(sameTemplate(b, a, ignore), answer, 'symmetric');
  return answer;
}

void t.test('equal', (t) => {
  for (const { name, a, b, ignore } of equal) t.ok(same(a, b, ignore), name);
  t.end();
});

void t.test('different', (t) => {
  for (const { name, a, b, ignore } of different) t.notOk(same(a, b, ignore), name);
  t.end();
});

void t.test('remembered per object and option', (t) => {
  const template = container({ startupProbe: probe });
  const strict = canonicalTemplate(template);
  t.equal(canonicalTemplate(template), strict);
  t.not(canonicalTemplate(template, { startupProbes: true }), strict);
  t.equal(canonicalTemplate(template, {}), strict);
  t.equal(canonicalTemplate(undefined), '');
  t.equal(canonicalTemplate('text'), canonicalTemplate('text'));
  t.end();
});

void t.test('many keys', (t) => {
  const labels = Array.from({ length: 50 }, (_, index): [string, Json] => [`k${index}`, 'v']);
  t.ok(same(meta({ labels: Object.fromEntries(labels) }), meta({ labels: Object.fromEntries(labels.toReversed()) })));
  t.end();
});

void t.test('any depth', (t) => {
  const nest = (depth: number, leaf: Json): Json => {
    let value = leaf;
    for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value, null] : { a: value, b: 1 };
    return value;
  };
  t.ok(sameTemplate(nest(100_000, 1), nest(100_000, 1)));
  t.notOk(sameTemplate(nest(100_000, 1), nest(100_000, 2)));
  t.notOk(sameTemplate(nest(100_000, 'x'), nest(100_001, 'x')));
  t.notOk(sameTemplate(nest(80, null), nest(80, 'null')));
  t.end();
});

void t.test('code identity', (t) => {
  const code = (image: string, more: object = {}): string => codeIdentity(container({ image, ...more }));
  t.equal(code('a:1'), code('a:1', { env: [{ name: 'A' }], resources: { limits: { cpu: '1' } } }));
  t.equal(code('a:1@sha256:ab'), code('docker.io/library/a:2@sha256:ab'), 'digest wins');
  t.not(code('a:1'), code('a:2'));
  const two = (first: Json, second: Json): string => codeIdentity(pod({ containers: [first, second] }));
  const [a, b] = [
    { name: 'a', image: 'x' },
    { name: 'b', image: 'y' },
  ];
  t.equal(two(a, b), two(b, a), 'by name, not by order');
  t.not(codeIdentity(pod({ initContainers: [a], containers: [b] })), codeIdentity(pod({ containers: [b] })), 'init counts');
  t.equal(codeIdentity(undefined), '[]');
  t.equal(codeIdentity({ spec: { containers: 'x' } }), '[]');
  t.type(codeIdentity({ spec: { containers: [null, 5, {}] } }), 'string');
  t.end();
});
