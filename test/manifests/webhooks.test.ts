import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { entries } from '../../scripts/webhook-entries.ts';
import {
  find,
  installations,
  render,
  repository,
  selects,
  stage,
  webhooks,
  withoutCertManager,
  type Webhook,
} from './rendered.ts';

/**
 * Resources a webhook can bring a cluster down with, or which the control plane itself writes all the time.
 * After GKE's unsafe webhooks (https://cloud.google.com/kubernetes-engine/docs/how-to/optimize-webhooks) and Gardener's matchers
 * (https://github.com/gardener/gardener, pkg/gardenlet/operation/botanist/matchers/matcher.go).
 */
const unsafe: readonly (readonly [string, string])[] = [
  ['', 'bindings'],
  ['', 'endpoints'],
  ['', 'events'],
  ['', 'nodes'],
  ['', 'nodes/status'],
  ['', 'pods'],
  ['', 'pods/binding'],
  ['', 'pods/eviction'],
  ['', 'pods/status'],
  ['', 'serviceaccounts'],
  ['', 'serviceaccounts/token'],
  ['admissionregistration.k8s.io', 'mutatingwebhookconfigurations'],
  ['admissionregistration.k8s.io', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'customresourcedefinitions'],
  ['apiregistration.k8s.io', 'apiservices'],
  ['authentication.k8s.io', 'tokenreviews'],
  ['authorization.k8s.io', 'localsubjectaccessreviews'],
  ['authorization.k8s.io', 'selfsubjectaccessreviews'],
  ['authorization.k8s.io', 'subjectaccessreviews'],
  ['certificates.k8s.io', 'certificatesigningrequests'],
  ['coordination.k8s.io', 'leases'],
  ['discovery.k8s.io', 'endpointslices'],
  ['events.k8s.io', 'events'],
  ['networking.k8s.io', 'networkpolicies'],
  ['policy', 'poddisruptionbudgets'],
  ['rbac.authorization.k8s.io', 'clusterrolebindings'],
  ['rbac.authorization.k8s.io', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'rolebindings'],
  ['rbac.authorization.k8s.io', 'roles'],
  ['scheduling.k8s.io', 'priorityclasses'],
];

const systemNamespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'rollback-bouncer'];
const mode = 'rollback-bouncer.dev/mode';
const namespace = (name: string, modeLabel?: string) => ({
  'kubernetes.io/metadata.name': name,
  ...(modeLabel === undefined ? {} : { [mode]: modeLabel }),
});

function matches({ rules }: Webhook, group: string, resource: string): boolean {
  return rules.some(
    ({ apiGroups, resources }) =>
      apiGroups.some((candidate) => candidate === '*' || candidate === group) &&
      resources.some((candidate) => ['*', '*/*', resource].includes(candidate)),
  );
}

const names = (all: readonly Webhook[]) => all.map(({ name }) => name).sort();
const manifests = stage(t);
const routes = 'routes.rollback-bouncer.dev';

for (const installation of installations) {
  void t.test(`${installation}: what must hold for every webhook`, (t) => {
    const rendered = render(manifests, installation);
    const all = webhooks(rendered);
    t.ok(all.length > 0, 'there are webhooks');
    for (const webhook of all) {
      const { name, rules, clientConfig } = webhook;
      for (const [group, resource] of unsafe)
        t.notOk(matches(webhook, group, resource), `${name} leaves ${resource}.${group} alone`);
      for (const { apiGroups, apiVersions, operations, resources } of rules)
        for (const value of [...apiGroups, ...apiVersions, ...operations, ...resources])
          t.notMatch(value, /\*/, `${name}: no wildcard`);
      t.ok(rules.length > 0, `${name} has rules`);
      for (const excluded of systemNamespaces)
        for (const label of [undefined, 'enforce', 'warn', 'audit', 'off'])
          t.notOk(selects(webhook, namespace(excluded, label)), `${name} never sees ${excluded} labelled ${label ?? 'nothing'}`);
      t.equal(webhook.objectSelector, undefined, `${name}: no label on an object opts out`);
      t.strictSame(webhook.admissionReviewVersions, ['v1'], `${name}: v1 only`);
      t.equal(webhook.matchPolicy, 'Equivalent', `${name}: other versions are judged too`);
      t.equal(webhook.sideEffects, 'NoneOnDryRun', `${name}: dry-run works`);
      t.ok(webhook.timeoutSeconds <= 5, `${name} gives up early`);
      const service = find(rendered, 'Service', clientConfig.service.name);
      t.equal(clientConfig.service.namespace, service.metadata.namespace, `${name} calls our Service`);
      t.match(service.spec, { ports: [{ port: clientConfig.service.port, targetPort: 8443 }] }, `${name} calls a port of it`);
    }
    t.match(
      webhooks(rendered, 'Mutating'),
      [{ failurePolicy: 'Ignore', reinvocationPolicy: 'IfNeeded' }],
      'the mutating side fails open',
    );
    t.strictSame([...new Set(webhooks(rendered, 'Mutating').map(({ clientConfig }) => clientConfig.service.path))], ['/mutate']);
    t.strictSame(
      [...new Set(webhooks(rendered, 'Validating').map(({ clientConfig }) => clientConfig.service.path))],
      ['/validate'],
    );
    t.end();
  });

  void t.test(`${installation}: the time a request can lose`, (t) => {
    const rendered = render(manifests, installation);
    for (const label of [undefined, 'enforce', 'warn', 'audit', 'off']) {
      const seen = (kind: 'Mutating' | 'Validating') =>
        webhooks(rendered, kind)
          .filter((webhook) => selects(webhook, namespace('shop', label)))
          .map(({ timeoutSeconds }) => timeoutSeconds);
      const mutating = seen('Mutating').reduce((sum, seconds) => sum + seconds, 0); // one after the other
      t.ok(mutating + Math.max(0, ...seen('Validating')) < 10, `less than 10 s in a namespace labelled ${label ?? 'nothing'}`);
    }
    t.end();
  });

  void t.test(`${installation}: where the API server's trust comes from`, (t) => {
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
      const configuration = find(render(manifests, installation), kind);
      const annotation = configuration.metadata.annotations?.['cert-manager.io/inject-ca-from'];
      const byHand = withoutCertManager.includes(installation);
      t.equal(annotation, byHand ? undefined : 'rollback-bouncer/rollback-bouncer-ca', `${kind}: the CA, not the leaf`);
      for (const { name, clientConfig } of configuration.webhooks ?? []) {
        const pem = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString();
        t.equal(
          pem.startsWith('-----BEGIN CERTIFICATE-----'),
          byHand,
          `${name}: caBundle ${byHand ? 'filled in' : 'left to cert-manager'}`,
        );
      }
    }
    t.end();
  });
}

void t.test('which webhooks a namespace meets', (t) => {
  const seenIn = (installation: string, name: string, label?: string) =>
    names(webhooks(render(manifests, installation)).filter((webhook) => selects(webhook, namespace(name, label))));
  const strictest = ['enforce.rollback-bouncer.dev', 'mutate.rollback-bouncer.dev', routes];
  const watched = ['mutate.rollback-bouncer.dev', 'observe.rollback-bouncer.dev', routes];
  t.strictSame(seenIn('base', 'shop'), strictest, 'no label');
  t.strictSame(seenIn('base', 'shop', 'enforce'), strictest, 'enforce');
  t.strictSame(seenIn('base', 'shop', 'no-such-mode'), strictest, 'a label that says nothing opts nobody out');
  t.strictSame(seenIn('base', 'shop', 'warn'), watched, 'warn');
  t.strictSame(seenIn('base', 'shop', 'audit'), watched, 'audit');
  t.strictSame(seenIn('base', 'shop', 'off'), [routes], 'off: a route may send to pods of another namespace');
  t.strictSame(seenIn('base', 'cert-manager'), [routes], 'no workload of whom we need to get certificates');
  for (const label of [undefined, 'enforce', 'warn', 'audit', 'off'])
    t.strictSame(seenIn('overlays/strict', 'shop', label), strictest, `strict, labelled ${label ?? 'nothing'}`);
  t.strictSame(seenIn('overlays/strict', 'cert-manager'), [routes], 'strict keeps the exclusions by name');
  t.end();
});

void t.test('what the entry for routes takes', (t) => {
  for (const installation of installations) {
    const entry = webhooks(render(manifests, installation), 'Validating').find(({ name }) => name === routes);
    const istio = { apiGroups: ['networking.istio.io'], apiVersions: ['v1', 'v1alpha3', 'v1beta1'], scope: 'Namespaced' };
    t.strictSame(
      entry?.rules,
      [{ ...istio, operations: ['CREATE', 'DELETE', 'UPDATE'], resources: ['destinationrules', 'virtualservices'] }],
      `${installation}: every version that is in use`,
    );
    t.strictSame(
      entry?.namespaceSelector.matchExpressions.map(({ key }) => key),
      ['kubernetes.io/metadata.name'],
      `${installation}: no mode label keeps a route away`,
    );
    t.equal(entry?.timeoutSeconds, 5);
  }
  for (const { name, rules } of webhooks(render(manifests, 'base')).filter((webhook) => webhook.name !== routes))
    t.notOk(
      rules.some(({ apiGroups }) => apiGroups.includes('networking.istio.io')),
      `${name}: a route is asked about once`,
    );
  t.end();
});

void t.test('failure policies', (t) => {
  const policies = (installation: string) =>
    Object.fromEntries(webhooks(render(manifests, installation)).map(({ name, failurePolicy }) => [name, failurePolicy]));
  const ofTable = Object.fromEntries(
    entries.filter(({ name }) => name in policies('base')).map(({ name, failurePolicy }) => [name, failurePolicy]),
  );
  t.strictSame(policies('base'), ofTable, 'base: as the table says');
  t.match(policies('base'), { 'enforce.rollback-bouncer.dev': 'Fail', [routes]: 'Fail' });
  for (const installation of ['overlays/adopt', 'overlays/failure-policy-ignore'])
    t.strictSame(new Set(Object.values(policies(installation))), new Set(['Ignore']), `${installation}: everything fails open`);
  t.end();
});

void t.test('an overlay of your own, as docs/install.md shows it', (t) => {
  const text = readFileSync(path.join(repository, 'docs/install.md'), 'utf8');
  const overlay = /^```yaml\n(.*?)^```$/ms.exec(text)![1]!;
  const own = (name: string, kustomization: string) => {
    mkdirSync(path.join(manifests, 'overlays', name));
    writeFileSync(path.join(manifests, 'overlays', name, 'kustomization.yaml'), kustomization);
    return webhooks(render(manifests, `overlays/${name}`));
  };
  const excluding = own('excluding', overlay);
  t.strictSame(names(excluding), ['enforce.rollback-bouncer.dev', 'mutate.rollback-bouncer.dev', routes]);
  for (const webhook of excluding) {
    t.equal(selects(webhook, namespace('argocd')), webhook.name === routes, `${webhook.name}: workloads there are left alone`);
    t.notOk(selects(webhook, namespace('kube-system')), 'and those that were excluded before');
    t.ok(selects(webhook, namespace('shop', 'off')), 'and judges the others');
  }
  const combined = own(
    'combined',
    overlay.replace(/^( *- ).*strict$/m, '$&\n$1../../components/failure-policy-ignore\n$1../../components/local-plane'),
  );
  t.strictSame(
    combined.map(({ failurePolicy }) => failurePolicy),
    ['Ignore', 'Ignore', 'Ignore'],
    'components combine',
  );
  for (const { clientConfig } of combined) t.ok(clientConfig.caBundle);
  t.end();
});
