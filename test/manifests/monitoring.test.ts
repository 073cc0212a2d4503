import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { exposition, metricsAfterEverything, type Exposed, type Exposition } from '../server/exposition.ts';
import { readQuery } from './promql.ts';
import { find, render, repository } from './rendered.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly datasource: unknown }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

const manifests = path.join(repository, 'manifests');
const rendered = render(manifests, 'monitoring');
const base = render(manifests, 'base');
const page = readFileSync(path.join(repository, 'docs/monitoring.md'), 'utf8');

/** What Prometheus adds to each series of a PodMonitor. */
const targetLabels = ['namespace', 'pod', 'container', 'job', 'instance', 'endpoint'];

/** Counters of the API server, from `admission/metrics/metrics.go` of k8s.io/apiserver v0.37.2. */
const ofTheApiServer: Exposition = new Map(
  Object.entries({
    apiserver_admission_webhook_rejection_count: {
      name: ['enforce.rollback-bouncer.dev', 'routes.rollback-bouncer.dev'],
      type: ['validating', 'admit'],
      operation: ['CREATE', 'UPDATE', 'DELETE'],
      error_type: ['calling_webhook_error', 'apiserver_internal_error', 'no_error'],
      rejection_code: ['0', '400', '403', '503'],
    },
    apiserver_admission_webhook_fail_open_count: {
      name: ['mutate.rollback-bouncer.dev', 'observe.rollback-bouncer.dev'],
      type: ['validating', 'admit'],
    },
  }).map(([name, labels]): [string, Exposed] => [
    name,
    { type: 'counter', samples: [], labels: new Map(Object.entries(labels).map(([label, values]) => [label, new Set(values)])) },
  ]),
);

const { registry } = metricsAfterEverything();
const ours = exposition(await registry.metrics());
const known: Exposition = new Map([...ours, ...ofTheApiServer]);
const read = (query: string) => readQuery(query, known, targetLabels);

const groups = find(rendered, 'PrometheusRule').spec?.['groups'] as readonly { readonly rules: readonly Alert[] }[];
const alerts = groups.flatMap(({ rules }) => rules);
const dashboard = JSON.parse(
  find(rendered, 'ConfigMap', 'rollback-bouncer-dashboard').data?.['rollback-bouncer.json'] ?? '',
) as Dashboard;
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

/** Labels that a text of Prometheus or Grafana puts in. */
const placeholders = (text: string) => [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label ?? '');

void t.test('everything that is exposed has a series', async (t) => {
  for (const { name, help } of await registry.getMetricsAsJSON()) {
    const metric = ours.get(name) ?? ours.get(`${name}_count`);
    if (name.startsWith('rollback_bouncer_')) t.ok(metric !== undefined && help !== '', name);
  }
});

void t.test('queries are read', (t) => {
  const good: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['time() - 7 * 86400', undefined],
    ['sum(rollback_bouncer_ready) or vector(0)', []],
    ['max by (kind, pod) (rollback_bouncer_cache_age_seconds{kind="pods"}) > 30', ['kind', 'pod']],
    ['sum by (phase) (rate(rollback_bouncer_decisions_total{verdict=~"deny|warn",pod="a"}[5m]))', ['phase']],
    ['histogram_quantile(0.99, sum by (le) (rate(rollback_bouncer_decision_duration_seconds_bucket[$__rate_interval])))', []],
    ['rollback_bouncer_certificate_not_after_timestamp_seconds - time()', targetLabels],
  ];
  for (const [query, labels] of good) {
    const result = read(query).labels;
    t.strictSame(result === undefined ? undefined : [...result], labels, query);
  }
  const bad: readonly (readonly [string, RegExp])[] = [
    ['rollback_bouncer_redy', /no metric rollback_bouncer_redy/],
    ['rollback_bouncer_decision_duration_seconds', /no metric/],
    ['rollback_bouncer_decisions_total', /is a counter/],
    ['rate(rollback_bouncer_ready[5m])', /is a gauge/],
    ['rate(rollback_bouncer_decisions_total)', /a range/],
    ['rollback_bouncer_ready[5m]', /a range/],
    ['rate(rollback_bouncer_decisions_total{decision="deny"}[5m])', /has no label decision/],
    ['rate(rollback_bouncer_decisions_total{verdict="denied"}[5m])', /verdict is never denied/],
    ['rate(rollback_bouncer_decisions_total{verdict=~"denied|denies"}[5m])', /verdict is never/],
    ['sum by (policy) (rate(rollback_bouncer_decisions_total[5m]))', /by \(policy\)/],
    ['max by (kind) (sum by (pod) (rollback_bouncer_cache_age_seconds))', /by \(kind\)/],
    ['sum(rollback_bouncer_ready) by (pod)', /in front/],
    ['histogram_quantile(0.9, sum(rate(rollback_bouncer_decision_duration_seconds_bucket[5m])))', /without le/],
    ['delta(rollback_bouncer_ready[5m])', /function delta is not known/],
    ['sum(rollback_bouncer_ready', /expected \)/],
    ['sum(rollback_bouncer_ready) ?', /cannot be read/],
    ['rollback_bouncer_ready rollback_bouncer_ready', /not expected/],
    ['', /too early/],
  ];
  for (const [query, message] of bad) t.throws(() => read(query), { message }, query);
  t.end();
});

void t.test('every alert asks for what is there', (t) => {
  t.ok(alerts.length > 10);
  t.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length, 'each has a name of its own');
  for (const { alert, expr, labels, annotations } of alerts) {
    t.doesNotThrow(() => read(expr), alert);
    t.match(labels['severity'], /^(warning|critical)$/, `${alert} has a severity`);
    t.match(annotations['summary'], /^\S.{10,120}\.$/, `${alert} has a summary`);
    t.match(annotations['description'], /kubectl /, `${alert} says what to type`);
    const carried = read(expr).labels ?? new Set();
    const said = Object.values(annotations).flatMap(placeholders);
    t.strictSame(
      said.filter((label) => !carried.has(label)),
      [],
      `${alert} speaks of labels that its series carry`,
    );
  }
  t.end();
});

void t.test('every alert has its section', (t) => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  const anchors = headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const { alert, annotations } of alerts) {
    const [url, anchor] = (annotations['runbook_url'] ?? '').split('#');
    t.match(url, /^https:\/\/.+\/docs\/monitoring\.md$/, alert);
    t.equal(anchor, alert.toLowerCase(), alert);
    t.ok(anchors.includes(anchor ?? ''), `${alert}: the section is there`);
  }
  const named = alerts.map(({ alert }) => alert);
  t.strictSame(
    headings.filter((heading) => heading.startsWith('RollbackBouncer')),
    named,
    'and no section is of an alert that is gone',
  );
  t.end();
});

void t.test('every panel asks for what is there', (t) => {
  t.ok(queries.length > 20);
  for (const { title, expr, legendFormat, datasource } of queries) {
    t.doesNotThrow(() => read(expr), `${title}: ${expr}`);
    const carried = read(expr).labels ?? new Set();
    t.strictSame(
      placeholders(legendFormat).filter((label) => !carried.has(label)),
      [],
      `${title}: ${legendFormat}`,
    );
    t.strictSame(datasource, { type: 'prometheus', uid: `\${${dashboard.templating.list[0]?.name ?? ''}}` });
  }
  const shown = new Set(queries.flatMap(({ expr }) => read(expr).metrics));
  const notShown = ['decision_duration_seconds_sum', 'decision_duration_seconds_count', 'cache_synced'];
  t.strictSame(
    [...ours.keys()].filter((name) => name.startsWith('rollback_bouncer_') && !shown.has(name)).toSorted(),
    notShown.map((suffix) => `rollback_bouncer_${suffix}`).toSorted(),
    'and what is not shown is left out on purpose',
  );
  t.end();
});

void t.test('panels have places of their own', (t) => {
  const { panels } = dashboard;
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const [index, { title, gridPos: one }] of panels.entries()) {
    t.ok(one.x + one.w <= 24, title);
    for (const { title: name, gridPos: other } of panels.slice(index + 1)) {
      const apart =
        one.x + one.w <= other.x || other.x + other.w <= one.x || one.y + one.h <= other.y || other.y + other.h <= one.y;
      if (!apart) t.fail(`${title} lies on ${name}`);
    }
  }
  t.equal(find(rendered, 'ConfigMap', 'rollback-bouncer-dashboard').metadata.labels?.['grafana_dashboard'], '1');
  t.end();
});

void t.test('the pods are found and their certificate is checked', (t) => {
  const monitor = find(rendered, 'PodMonitor');
  const deployment = find(base, 'Deployment');
  t.equal(monitor.metadata.namespace, deployment.metadata.namespace);
  const [endpoint] = monitor.spec?.['podMetricsEndpoints'] as readonly Record<string, unknown>[];
  t.match(deployment.spec, {
    selector: monitor.spec?.['selector'],
    template: { spec: { containers: [{ ports: [{ name: endpoint?.['port'] }] }] } },
  });
  const { serverName, ca } = endpoint?.['tlsConfig'] as { serverName: string; ca: { secret: { name: string; key: string } } };
  const certificate = find(base, 'Certificate', 'rollback-bouncer-webhook').spec;
  t.ok((certificate?.['dnsNames'] as readonly string[]).includes(serverName), 'by a name that it has');
  t.strictSame(ca, { secret: { name: certificate?.['secretName'], key: 'ca.crt' } }, 'against its own authority');
  t.match(endpoint, { scheme: 'https', path: '/metrics' });
  t.end();
});

void t.test('it is not part of any installation', (t) => {
  t.strictSame(
    base.filter(({ apiVersion }) => apiVersion.startsWith('monitoring.coreos.com/')),
    [],
  );
  t.strictSame(
    rendered.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}`),
    ['ConfigMap rollback-bouncer', 'PodMonitor rollback-bouncer', 'PrometheusRule rollback-bouncer'],
  );
  t.end();
});

void t.test('the page lists the metrics', async (t) => {
  const documented = [...page.matchAll(/^\| `(rollback_bouncer_\w+)` +\| (\w+) +\| (.*?) +\|/gm)].map(
    ([, name, type, labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted(),
    }),
  );
  const exposed = (await registry.getMetricsAsJSON())
    .filter(({ name }) => name.startsWith('rollback_bouncer_'))
    .map(({ name }) => {
      const metric = ours.get(name) ?? ours.get(`${name}_bucket`)!;
      return { name, type: metric.type, labels: [...metric.labels.keys()].filter((label) => label !== 'le').toSorted() };
    });
  const byName = (a: { readonly name?: string | undefined }, b: { readonly name?: string | undefined }) =>
    (a.name ?? '') < (b.name ?? '') ? -1 : 1;
  t.strictSame(documented.toSorted(byName), exposed.toSorted(byName));
});
