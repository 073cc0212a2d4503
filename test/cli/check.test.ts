import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import type * as CheckModule from '../../src/cli/check.ts';
import type { Console } from '../../src/cli/console.ts';
import { findingSpec } from '../../src/core/finding.ts';
import type { Policy } from '../../src/core/policy.ts';
import { aPolicy } from '../core/samples.ts';
import { article, bouncer, catalog, changed, check, resultsIn } from './checking.ts';

const probe = '/spec/template/spec/containers/0/startupProbe';

/** `check` in this process, with one policy. */
async function checking(t: Test, policy: Policy) {
  const mocked = { '../../src/policies/index.ts': { policies: [policy] } };
  const { checkCommand } = await t.mockImport<typeof CheckModule>('../../src/cli/check.ts', mocked);
  return async (...args: string[]) => {
    const written: string[] = [];
    const console: Console = { stdin: process.stdin, out: (text) => written.push(text), exitCode: -1 };
    await checkCommand(console).parseAsync(args, { from: 'user' });
    return { code: console.exitCode, stdout: written.join('') };
  };
}

void t.test('the article, as JSON', async (t) => {
  const { code, results } = await check(['-f', article]);
  t.equal(code, 0);
  t.equal(results.length, 1);
  t.match(results[0], {
    source: article,
    object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'prod-eu-central', name: 'checkout-api' },
    operation: 'CREATE',
    allowed: true,
    findings: [{ policy: 'startup-probe', code: 'probe-added', effect: 'info', mode: 'enforce' }],
    warnings: [],
  });
  t.strictSame(results[0]?.patch, [
    {
      op: 'add',
      path: probe,
      value: {
        httpGet: { path: '/health/ready', port: 8080 },
        periodSeconds: 10,
        failureThreshold: 30,
        timeoutSeconds: 5,
        successThreshold: 1,
      },
    },
  ]);
  t.match(results[0]?.evidence['startup-probe']?.containers, [
    { name: 'checkout-api', jvm: true, score: Number, reasons: [String] },
  ]);
});

void t.test('evidence lists every app container, also without findings', async (t) => {
  const two = changed(catalog, [
    '      containers:\n',
    '      initContainers: [{ name: migrate, image: openjdk }]\n      containers:\n        - { name: sidecar, image: envoyproxy/envoy:1 }\n',
  ]);
  const { results } = await check(['-f', '-'], two);
  t.strictSame(results[0]?.findings, []);
  t.strictSame(results[0]?.patch, []);
  t.match(results[0]?.evidence['startup-probe']?.containers, [
    { name: 'sidecar', jvm: false },
    { name: 'catalog', jvm: false },
  ]);
  t.equal(results[0]?.source, '-');
});

void t.test('other kinds pass, and are listed', async (t) => {
  const configMap = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}';
  const { code, results } = await check(['-f', '-'], configMap);
  t.equal(code, 0);
  t.match(results, [{ object: { namespace: 'default' }, allowed: true, findings: [], patch: [] }]);
  t.strictSame(results[0]?.evidence, {});
});

void t.test('as YAML and as a table', async (t) => {
  const json = await bouncer(['check', '-f', article, '-o', 'json']);
  const yaml = await bouncer(['check', '-f', article, '-o', 'yaml']);
  t.equal(yaml.code, 0);
  t.strictSame(resultsIn(JSON.stringify(parse(yaml.stdout))), resultsIn(json.stdout), 'YAML says the same');

  const table = await bouncer(['check', '-f', article, '-f', catalog]);
  t.equal(table.code, 0);
  t.match(table.stdout.split('\n'), [
    /^PATCHED {2}CREATE {2}Deployment prod-eu-central\/checkout-api$/,
    /^ {2}startup-probe\/probe-added \(info\): container checkout-api: .*\/health\/ready:8080.*\(from readiness, 300 s\)$/,
    /^ALLOWED {2}CREATE {2}Deployment prod-eu-central\/catalog$/,
    /^$/,
  ]);
  t.equal((await bouncer(['check', '-f', '-'])).stdout, 'no objects\n');
});

void t.test('a denial is exit status 1, and all objects are judged', async (t) => {
  const evaluate: Policy['evaluate'] = ({ name }) => ({
    findings: name === 'catalog' ? [] : [{ code: 'too-cold', detail: { pods: 2 } }],
  });
  const run = await checking(t, aPolicy({ evaluate }));
  const denied = await run('-f', article, '-f', catalog, '-o', 'json');
  t.equal(denied.code, 1);
  t.match(resultsIn(denied.stdout), [
    { allowed: false, patch: [], findings: [{ code: 'too-cold', effect: 'deny' }] },
    { allowed: true },
  ]);
  t.match(
    (await run('-f', article)).stdout,
    /^DENIED {3}CREATE {2}Deployment .*\n {2}a-policy\/too-cold \(deny\): 2 pods are cold\n$/,
  );
  t.equal((await run('-f', catalog)).code, 0);
});

void t.test('what to type next', async (t) => {
  const evaluate: Policy['evaluate'] = () => ({
    findings: [
      { code: 'too-cold', detail: { pods: 2 } },
      { code: 'too-cold', detail: { pods: 1 }, effect: 'warn' },
    ],
  });
  const next = ({ pods }: { readonly pods: number }) => `wait for\n${pods}`;
  const findings = { 'too-cold': findingSpec<{ readonly pods: number }>({ ...aPolicy().findings['too-cold']!, next }) };
  const run = await checking(t, aPolicy({ findings, evaluate }));
  const json = await run('-f', article, '-o', 'json');
  t.strictSame(
    resultsIn(json.stdout)[0]?.findings.map((finding) => finding.next),
    ['wait for\n2', 'wait for\n1'],
    'JSON has it whatever the effect',
  );
  t.match((await run('-f', article)).stdout.split('\n'), [
    /^DENIED /,
    /^ {2}a-policy\/too-cold \(deny\): 2 pods are cold$/,
    /^ {4}wait for 2$/,
    /^ {2}a-policy\/too-cold \(warn\): 1 pods are cold$/,
    /^$/,
  ]);
  const folder = t.testdir({ 'warn.yaml': 'apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\nmode: warn\n' });
  t.notMatch((await run('-f', article, '--config', join(folder, 'warn.yaml'))).stdout, /wait for/, 'nothing is denied in warn');
});

void t.test('a terminal obeys no name', async (t) => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a\nDENIED\u001b[2J\u202e' } };
  const { stdout } = await bouncer(['check', '-f', '-'], JSON.stringify(object));
  t.equal(stdout, 'ALLOWED  CREATE  ConfigMap default/a DENIED [2J \n');
});

void t.test('a configuration file', async (t) => {
  const folder = t.testdir({ 'bouncer.yaml': 'apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\nmode: warn\n' });
  const { results } = await check(['-f', article, '--config', join(folder, 'bouncer.yaml')]);
  t.strictSame(results[0]?.patch, [], 'in warn mode nothing is changed');
  t.match(results[0]?.findings, [
    { code: 'probe-added', mode: 'warn' },
    { code: 'probe-missing', effect: 'warn', mode: 'warn' },
  ]);
  t.match(results[0]?.warnings, [/^\[startup-probe\] container checkout-api runs a JVM without startupProbe/]);
});

void t.test('the same output for the same input', async (t) => {
  const args = ['check', '-f', article, '-f', catalog, '-o', 'json', '--now', '2026-11-24T02:00:00Z'];
  const [one, two] = await Promise.all([bouncer(args), bouncer(args)]);
  t.equal(one.stdout, two.stdout);
  t.equal(
    (await bouncer([...args.slice(0, -2), '--now', '2026-11-24T02:00:00+01:00'])).stdout,
    one.stdout,
    'no answer here depends on time',
  );
});

void t.test('a report larger than a pipe arrives whole', async (t) => {
  const many = Array.from({ length: 300 }, () => readFileSync(article, 'utf8')).join('---\n');
  const { results } = await check(['-f', '-'], many);
  t.equal(results.length, 300);
});
