import t from 'tap';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { canonicalTemplate, codeIdentity, sameTemplate } from '../../src/kubernetes/template.ts';

const runs = { numRuns: Number(process.env['NORMALISER_RUNS'] ?? 1500) };

const word = fc.constantFrom('a', 'b', 'app', 'x1', '__proto__', 'constructor', 'TCP', '', '1Gi', '8080');
const name = fc.constantFrom('a', 'b', 'c', 'd');
const port = fc.integer({ min: 1, max: 65535 });
const optional = { noNullPrototype: true, requiredKeys: [] };
const labels = fc.dictionary(word, fc.constantFrom('', 'v', 'w'), { maxKeys: 4, noNullPrototype: true });
const quantity = fc.constantFrom('1', '500m', '1Gi', '2e3', '0');
const probe = fc.record(
  { httpGet: fc.record({ port }), periodSeconds: fc.integer({ min: 2, max: 9 }) },
  { ...optional, requiredKeys: ['httpGet'] },
);
const container = fc.record(
  {
    name,
    image: fc.constantFrom('acme/api:1', 'acme/api:2', 'nginx', 'a@sha256:ab'),
    command: fc.array(word, { minLength: 1, maxLength: 3 }),
    env: fc.array(fc.record({ name, value: fc.constantFrom('1', '2') }), { minLength: 1, maxLength: 3 }),
    ports: fc.array(fc.record({ containerPort: port }), { minLength: 1, maxLength: 2 }),
    resources: fc.record({ limits: fc.record({ cpu: quantity, memory: quantity }) }),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
  },
  { ...optional, requiredKeys: ['name', 'image'] },
);
const volume = fc.oneof(
  fc.record({ name, emptyDir: fc.constant({}) }),
  fc.record({ name, configMap: fc.record({ name }) }),
  fc.record({ name, downwardAPI: fc.constant({}) }),
);
const template = fc.record(
  {
    metadata: fc.record({ labels, annotations: labels }),
    spec: fc.record(
      {
        containers: fc.array(container, { minLength: 1, maxLength: 3 }),
        volumes: fc.array(volume, { maxLength: 2 }),
        nodeSelector: labels,
        serviceAccountName: name,
      },
      { ...optional, requiredKeys: ['containers'] },
    ),
  },
  { noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;

/** Rewrites every object of a JSON value, from the inside out. */
function rewrite(value: Json | undefined, change: (object: JsonObject) => JsonObject): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((element) => rewrite(element, change));
  if (typeof value !== 'object' || value === null) return value ?? null;
  return change(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rewrite(inner, change)])));
}

const reversed = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).reverse());
const padded = (object: JsonObject): JsonObject => ({ ...object, zNull: null, zList: [], zMap: {} });
const sources = new Set(['emptyDir', 'downwardAPI', 'configMap']);

/** Like padded, but not where a key is a statement (volume sources, user maps). */
function paddedTemplate(value: JsonObject): Json {
  return rewrite(value, (object) => (Object.keys(object).some((key) => sources.has(key)) ? object : padded(object)));
}

const respelled: Record<string, string | number> = { '1': '1000m', '500m': '0.5', '1Gi': 1073741824, '2e3': '2k', '0': 0 };
const writtenOut: JsonObject = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', stdin: false };
const probeDefaults: JsonObject = { timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3, initialDelaySeconds: 0 };

function respell(object: JsonObject): JsonObject {
  if (!('cpu' in object)) return object;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, respelled[value as string] ?? value ?? null]));
}

function withDefaults(object: JsonObject): JsonObject {
  if ('containers' in object) return { ...object, restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', securityContext: {} };
  if ('httpGet' in object) return { ...object, ...probeDefaults };
  if ('containerPort' in object) return { ...object, protocol: 'TCP' };
  return 'image' in object ? { ...object, ...writtenOut } : object;
}

const same = (a: Json, b: Json): boolean => sameTemplate(a, b) && canonicalTemplate(a) === canonicalTemplate(b);

void t.test('an equivalence', (t) => {
  fc.assert(
    fc.property(template, (a) => same(a, structuredClone(a))),
    runs,
  );
  fc.assert(
    fc.property(template, template, (a, b) => sameTemplate(a, b) === sameTemplate(b, a)),
    runs,
  );
  const few = fc.constantFrom('1', '1000m', '1.0', '2', '2000m').map((cpu) => ({ spec: { overhead: { cpu } } }));
  fc.assert(
    fc.property(few, few, few, (a, b, c) => !(sameTemplate(a, b) && sameTemplate(b, c)) || sameTemplate(a, c)),
    runs,
  );
  t.end();
});

// Two ways to one answer: walking both templates at once, and writing both out.
const agrees = (a: Json, b: Json): boolean =>
  [{}, { startupProbes: true }, { restarts: true }, { startupProbes: true, restarts: true }].every(
    (ignore) => sameTemplate(a, b, ignore) === (canonicalTemplate(a, ignore) === canonicalTemplate(b, ignore)),
  );

void t.test('sameTemplate agrees with the canonical text', (t) => {
  const small = fc.constantFrom<Json>(
    null,
    '',
    0,
    1,
    '1',
    '1000m',
    true,
    false,
    'Always',
    30,
    {},
    [],
    [{}],
    [null],
    [[]],
    { a: null },
    { a: 1 },
  );
  const key = fc.constantFrom(
    'labelSelector',
    'restartPolicy',
    'serviceAccount',
    'serviceAccountName',
    'overhead',
    'x',
    '__proto__',
  );
  const object = fc.dictionary(key, small, { maxKeys: 3 });
  const odd = fc
    .constantFrom('affinity', 'securityContext', 'x')
    .chain((field) => object.map((inner) => ({ spec: { ...inner, [field]: inner } })));
  const container = fc.dictionary(
    fc.constantFrom('name', 'image', 'imagePullPolicy', 'env', 'resources', 'startupProbe', 'ports'),
    fc.oneof(
      small,
      fc.constantFrom<Json>('app:latest', 'app:1', 'IfNotPresent', [{ name: 'A', value: '' }], [{ name: 'A' }], {
        limits: { cpu: 1 },
      }),
    ),
  );
  const contained = fc.array(container, { maxLength: 2 }).map((containers) => ({ spec: { containers } }));
  for (const [title, arbitrary] of Object.entries({ odd, contained, template }))
    t.doesNotThrow(
      () => fc.assert(fc.property(arbitrary as fc.Arbitrary<Json>, arbitrary as fc.Arbitrary<Json>, agrees), runs),
      title,
    );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(template, (a) => agrees(a, rewrite(a, withDefaults)) && agrees(a, rewrite(a, respell))),
      runs,
    ),
  );
  t.end();
});

void t.test('blind to spelling', (t) => {
  fc.assert(
    fc.property(template, (a) => same(a, rewrite(a, reversed))),
    runs,
  );
  fc.assert(
    fc.property(template, (a) => same(a, paddedTemplate(a))),
    runs,
  );
  fc.assert(
    fc.property(template, (a) => same(a, rewrite(a, respell))),
    runs,
  );
  fc.assert(
    fc.property(template, (a) => same(a, rewrite(a, withDefaults))),
    runs,
  );
  fc.assert(
    fc.property(template, (a) =>
      same(a, rewrite(rewrite(rewrite(paddedTemplate(a) as JsonObject, withDefaults), respell), reversed)),
    ),
    runs,
  );
  t.end();
});

/** One change that matters, to a template of the generator above. */
const changes: Record<string, (first: Record<string, Json>, spec: Record<string, Json>) => void> = {
  image: (first) => (first['image'] = 'acme/changed:9'),
  name: (first) => (first['name'] = 'changed'),
  command: (first) => (first['command'] = ['changed']),
  arguments: (first) => (first['args'] = ['']),
  env: (first) => (first['env'] = [{ name: 'changed', value: '1' }]),
  ports: (first) => (first['ports'] = [{ containerPort: 99999 }]),
  portType: (first) => (first['ports'] = [{ containerPort: '8080' }]),
  resources: (first) => (first['resources'] = { limits: { cpu: '7777m' } }),
  probe: (first) => (first['livenessProbe'] = { httpGet: { port: 99999 } }),
  startup: (first) => (first['startupProbe'] = { httpGet: { port: 99999 } }),
  volumes: (_, spec) => (spec['volumes'] = [{ name: 'changed', emptyDir: {} }]),
  account: (_, spec) => (spec['serviceAccountName'] = 'changed'),
  grace: (_, spec) => (spec['terminationGracePeriodSeconds'] = 31),
  selector: (_, spec) => (spec['nodeSelector'] = { changed: '' }),
  another: (_, spec) => (spec['containers'] = [...(spec['containers'] as Json[]), {}]),
};

void t.test('sensitive to what runs', (t) => {
  fc.assert(
    fc.property(template, fc.constantFrom(...Object.keys(changes)), (a, change) => {
      const b = structuredClone(a) as { spec: Record<string, Json> };
      const containers = b.spec['containers'] as Record<string, Json>[];
      changes[change]!(containers[0]!, b.spec);
      return !sameTemplate(a, b);
    }),
    runs,
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 4 }), (names) => {
      const of = (list: readonly string[]): Json => ({
        spec: { containers: [{ name: 'a', env: list.map((key) => ({ name: key, value: 'v' })) }] },
      });
      return !sameTemplate(of(names), of(names.toReversed()));
    }),
    runs,
  );
  fc.assert(
    fc.property(
      labels,
      labels,
      (a, b) => sameTemplate({ metadata: { labels: a } }, { metadata: { labels: b } }) === sortedEqual(a, b),
    ),
    runs,
  );
  t.end();
});

function sortedEqual(a: Record<string, string>, b: Record<string, string>): boolean {
  const text = (value: Record<string, string>): string =>
    JSON.stringify(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

void t.test('total, and equal text means equal JSON without schema knowledge', (t) => {
  fc.assert(
    fc.property(fc.anything(), (value) => typeof canonicalTemplate(value as Json) === 'string'),
    runs,
  );
  fc.assert(
    fc.property(fc.anything(), (value) => typeof codeIdentity(value as Json) === 'string'),
    runs,
  );
  const odd = fc.dictionary(
    fc.constantFrom('metadata', 'spec', 'containers', 'volumes', 'env', 'limits'),
    fc.jsonValue({ maxDepth: 4 }),
  );
  fc.assert(
    fc.property(odd, (value) => typeof canonicalTemplate({ spec: value }) === 'string'),
    runs,
  );
  const texts = fc.array(fc.string(), { minLength: 1 });
  fc.assert(
    fc.property(
      texts,
      texts,
      (a, b) => sameTemplate({ spec: { x: a } }, { spec: { x: b } }) === (JSON.stringify(a) === JSON.stringify(b)),
    ),
    runs,
  );
  t.end();
});

void t.test('fast', (t) => {
  const containers = ['a', 'b', 'c'].map((key) => ({
    name: key,
    image: 'quay.io/acme/checkout:1.2.3',
    env: Array.from({ length: 20 }, (_, index) => ({ name: `SOME_NAME_${index}`, value: `some value number ${index}` })),
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
    livenessProbe: { httpGet: { path: '/health/live', port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1 },
  }));
  const copies = Array.from({ length: 2000 }, (): Json => structuredClone({ spec: { containers } }));
  const start = performance.now();
  for (const copy of copies) canonicalTemplate(copy);
  const microseconds = ((performance.now() - start) * 1000) / copies.length;
  t.ok(microseconds < 1000, `${microseconds.toFixed(0)} us`);
  t.end();
});
