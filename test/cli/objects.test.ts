import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import type { JsonObject } from '../../src/core/json.ts';
import { article, catalog, changed, check, yaml, type Result } from './checking.ts';

const deployment = parse(changed(article)) as JsonObject;
const go = parse(changed(catalog)) as JsonObject;
const names = (results: readonly Result[]) => results.map(({ object }) => object.name);
const codes = ({ findings }: Result) => findings.map(({ code }) => code);

void t.test('Lists, typed lists and documents are taken apart', async (t) => {
  const text = yaml(
    { apiVersion: 'v1', kind: 'List', items: [deployment, { apiVersion: 'v1', kind: 'List', items: [go] }] },
    null,
    { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [{ metadata: { name: 'typed' }, spec: deployment['spec'] }] },
    { apiVersion: 'v1', kind: 'List', items: [] },
    { apiVersion: 'example.com/v1', kind: 'AllowList', metadata: { name: 'no-list' } },
  );
  const { results } = await check(['-f', '-'], `---\n${text}---\n# nothing\n---\n`);
  t.strictSame(names(results), ['checkout-api', 'catalog', 'typed', 'no-list']);
  t.match(results[2], { object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default' } });
  t.strictSame(
    results.map(({ patch }) => patch.length),
    [1, 0, 1, 0],
  );
});

void t.test('folders are read to the bottom, in order', async (t) => {
  const one = (name: string) => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
  const folder = t.testdir({
    'b.yml': one('b'),
    'a.yaml': `${one('a1')}\n---\n${one('a2')}`,
    'README.md': 'not: [a manifest',
    deep: { er: { 'c.json': one('c') } },
  });
  const { results } = await check(['-f', folder, '-f', article]);
  t.strictSame(names(results), ['a1', 'a2', 'b', 'c', 'checkout-api']);
  t.equal(results[3]?.source, join(folder, 'deep/er/c.json'));
  t.strictSame((await check(['-f', t.testdir({})])).results, []);
});

void t.test('--old and --cluster: the same group, kind, namespace and name, whatever the version', async (t) => {
  const next = changed(article, ['checkout-api:2.0.0', 'checkout-api:2.0.1']);
  const old = { ...deployment, apiVersion: 'apps/v1beta1' };
  const others = [
    { ...deployment, apiVersion: 'extensions/v1beta1' },
    { ...deployment, kind: 'StatefulSet' },
    { ...deployment, metadata: { name: 'checkout-api' } },
    { ...deployment, metadata: { name: 'checkout-api-2', namespace: 'prod-eu-central' } },
  ];
  const folder = t.testdir({ 'old.yaml': yaml(old), 'others.yaml': yaml(...others), 'next.yaml': next });
  const [oldFile, othersFile] = [join(folder, 'old.yaml'), join(folder, 'others.yaml')];
  const operation = async (...args: string[]) => (await check(['-f', join(folder, 'next.yaml'), ...args])).results[0]?.operation;
  t.equal(await operation(), 'CREATE');
  t.equal(await operation('--old', oldFile), 'UPDATE');
  t.equal(await operation('--cluster', oldFile), 'UPDATE');
  t.equal(await operation('--old', othersFile, '--cluster', othersFile), 'CREATE');
  t.equal(await operation('--old', oldFile, '--operation', 'CREATE'), 'CREATE', '--operation decides');
});

void t.test('--old wins over --cluster, and the last of several wins', async (t) => {
  const next = changed(article, ['checkout-api:2.0.0', 'checkout-api:2.0.1']);
  const folder = t.testdir({ 'next.yaml': next, 'same.yaml': next, 'old.yaml': changed(article) });
  const [nextFile, same, old] = [join(folder, 'next.yaml'), join(folder, 'same.yaml'), join(folder, 'old.yaml')];
  const patched = async (...args: string[]) => (await check(['-f', nextFile, ...args])).results[0]?.patch.length;
  t.equal(await patched('--cluster', old), 1, 'the template changed');
  t.equal(await patched('--cluster', old, '--old', same), 0, 'it did not: nothing is rolled out');
  t.equal(await patched('--cluster', old, '--old', same, '--old', old), 1);
});

void t.test('without --cluster facts are unknown, with it the set is complete', async (t) => {
  const next = changed(article, ['checkout-api:2.0.0', 'checkout-api:2.0.1']);
  const alone = await check(['-f', '-', '--old', article], next);
  t.strictSame(alone.results.map(codes), [['fact-unknown']]);
  t.match(alone.results[0]?.warnings, [/unknown \(no --cluster given\)$/]);
  t.strictSame(alone.results[0]?.patch, []);
  const whole = await check(['-f', '-', '--cluster', article], next);
  t.strictSame(whole.results.map(codes), [['probe-added']]);
});

void t.test('--cluster has the namespaces and their modes, and what runs', async (t) => {
  const next = changed(article, ['checkout-api:2.0.0', 'checkout-api:2.0.1']);
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'prod-eu-central', labels: { 'rollback-bouncer.dev/mode': 'off' } },
  };
  const folder = t.testdir({
    'off.yaml': yaml(namespace, deployment),
    'rs.yaml': yaml(deployment, replicaSetOf(parse(next) as JsonObject)),
  });
  const off = await check(['-f', '-', '--cluster', join(folder, 'off.yaml')], next);
  t.strictSame(off.results.map(codes), [[]], 'off is silent');
  const warm = await check(['-f', '-', '--cluster', join(folder, 'rs.yaml')], next);
  t.strictSame(warm.results.map(codes), [['kept-warm']], 'a warm ReplicaSet with this template is kept');
});

/** A ReplicaSet of that Deployment with its template, all pods ready. */
function replicaSetOf({ metadata, spec }: JsonObject): JsonObject {
  const { uid, name, namespace } = metadata as Readonly<Record<string, string>>;
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true };
  const { template } = spec as JsonObject;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name ?? ''}-7d9c6b5f4d`,
      namespace,
      uid: 'rs-1',
      ownerReferences: [owner],
      creationTimestamp: '2026-11-23T00:00:00Z',
    },
    spec: { replicas: 4, template },
    status: { replicas: 4, readyReplicas: 4 },
  };
}

void t.test('each object of -f is judged alone', async (t) => {
  const { results } = await check(['-f', '-'], `${changed(article)}---\n${changed(article)}`);
  t.strictSame(
    results.map(({ operation, patch }) => [operation, patch.length]),
    [
      ['CREATE', 1],
      ['CREATE', 1],
    ],
  );
});

void t.test('--operation DELETE, --subresource, --user and --group', async (t) => {
  const deleted = await check(['-f', article, '--operation', 'DELETE', '--user', 'oncall', '--group', 'a', '--group', 'b']);
  t.match(deleted.results, [{ operation: 'DELETE', allowed: true, findings: [], patch: [] }]);
  const scaled = await check(['-f', article, '--old', article, '--subresource', 'scale', '--assume-granted']);
  t.match(scaled.results, [{ operation: 'UPDATE', findings: [] }]);
});

void t.test('YAML as kubectl reads it', async (t) => {
  const text = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: one-one, annotations: { when: 2026-11-24, at: 2026-11-24T02:00:00Z, sixty: 1:20 } }
spec:
  paused: yes
  template:
    spec:
      containers:
        - name: a
          image: eclipse-temurin:21
          livenessProbe: { httpGet: { path: /livez, port: 0x1F90 }, periodSeconds: 020, failureThreshold: 100 }
`;
  const { results } = await check(['-f', '-'], text);
  t.match(
    results[0]?.patch,
    [{ value: { httpGet: { path: '/livez', port: 8080 }, failureThreshold: 160 } }],
    'octal and hexadecimal numbers',
  );
});
