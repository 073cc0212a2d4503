import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { auditTo } from '../../src/audit/logger.ts';
import { known, unknown, type Facts } from '../../src/core/facts.ts';
import { asText, at, type Json, type JsonObject } from '../../src/core/json.ts';
import { selector } from '../../src/core/select.ts';
import { policies } from '../../src/policies/index.ts';
import { aPolicy, someFacts } from '../core/samples.ts';
import { anObject, aReview, ask, call, startApp, type RunningApp } from '../server/running-app.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/audit-log.md'), 'utf8');
const blocks = [...page.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, block]) => block ?? '');
const schema = JSON.parse(blocks[0] ?? '') as JsonObject;
const validate = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true }).compile(schema);

function faultsOf(line: Json): unknown {
  return validate(line) ? [] : validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

function linesOf({ audit }: RunningApp): readonly JsonObject[] {
  return audit.map((line) => JSON.parse(line) as JsonObject);
}

void t.test('the page', (t) => {
  t.equal(blocks.length, 1, 'has one schema');
  const example = /^ {4}(\{.*\})$/m.exec(page)?.[1] ?? '';
  t.strictSame(faultsOf(JSON.parse(example) as Json), [], 'whose example is valid');
  const fields = Object.keys(at(schema, 'properties') as JsonObject);
  t.strictSame(at(schema, 'required'), fields, 'every field is always there');
  for (const field of fields) t.match(page, new RegExp(`^\\|.*\`${field}\`.*\\|.+\\|$`, 'm'), `${field} is described`);
  t.end();
});

void t.test('the schema refuses what is no line', (t) => {
  const example = JSON.parse(/^ {4}(\{.*\})$/m.exec(page)?.[1] ?? '') as JsonObject;
  const odd: readonly JsonObject[] = [
    { ...example, more: 1 },
    { ...example, verdict: 'maybe' },
    { ...example, name: 'a\nb' },
    { ...example, name: 'x'.repeat(513) },
    { ...example, attempt: 0 },
    { ...example, facts: { a: {} } },
    { ...example, user: { name: 'x' } },
    { ...example, time: 'yesterday' },
  ];
  for (const line of odd) t.not(faultsOf(line), [], JSON.stringify(line).slice(0, 80));
  t.ok(odd.every((line) => !validate(line)));
  t.end();
});

void t.test('real lines of every verdict are valid', async (t) => {
  const denying = aPolicy({ evaluate: () => ({ findings: [{ code: 'too-cold', detail: { pods: 2 }, path: 'spec.replicas' }] }) });
  let facts: Facts = someFacts();
  const running = await startApp(t, { gather: () => facts });
  const strict = await startApp(t, { select: selector([...policies, denying]), gather: () => facts });
  await ask(running, 'mutate', aReview());
  await ask(running, 'validate', aReview());
  await ask(running, 'mutate', aReview({ object: anObject('catalog-go') }));
  await ask(running, 'validate', aReview({ operation: 'DELETE', object: null, oldObject: anObject('catalog-go'), name: '' }));
  await ask(running, 'validate', aReview({ object: null }));
  await ask(strict, 'validate', aReview());
  facts = someFacts({
    namespaceLabels: known(new Map([['rollback-bouncer.dev/mode', 'odd']]), 1.26),
    ownedReplicaSets: unknown('timeout'),
  });
  const oldObject = { ...anObject('checkout-api'), spec: {} };
  await ask(running, 'mutate', aReview({ operation: 'UPDATE', oldObject, dryRun: true }));
  facts = someFacts({ namespaceLabels: known(new Map([['rollback-bouncer.dev/mode', 'audit']]), -0) });
  await ask(
    strict,
    'validate',
    aReview({ userInfo: { username: 'x', groups: Array.from({ length: 40 }, (_, index) => `g-${index}`) } }),
  );

  const lines = [...linesOf(running), ...linesOf(strict)];
  for (const line of lines) t.strictSame(faultsOf(line), [], JSON.stringify(line));
  const verdicts = new Set(lines.map(({ verdict }) => verdict));
  for (const verdict of ['deny', 'mutate', 'warn', 'allow']) t.ok(verdicts.has(verdict), verdict);
  t.match(lines[3], { name: 'catalog', operation: 'DELETE' }, 'a nameless request is about an object with a name');
  t.match(lines[5], { facts: { namespaceLabels: { ageSeconds: 1.3 }, ownedReplicaSets: { unknown: 'timeout' } }, dryRun: true });
  t.ok(lines[0]?.['patchDigest'] !== null && lines[1]?.['patchDigest'] === null);
});

void t.test('details hold small lists and objects, and are bounded', async (t) => {
  const long = '\n'.repeat(600);
  const many = Array.from({ length: 20 }, (_, index) => ({ name: `d-${index}`, share: 0.5 }));
  const detail: JsonObject = {
    text: long,
    nothing: null,
    none: undefined,
    destinations: [{ host: long, ready: 0, warm: false, deep: { deeper: 1 }, list: [] }],
    many,
    wide: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key-${index}`, index])),
    nested: { [long]: { inner: 1 }, ['__proto__']: { polluted: true } },
  };
  const raising = aPolicy({ evaluate: () => ({ findings: [{ code: 'too-cold', detail, effect: 'info' }] }) });
  const running = await startApp(t, { select: selector([raising]) });
  await ask(running, 'validate', aReview());
  const [line] = linesOf(running);
  t.strictSame(faultsOf(line ?? null), []);
  const capped = `${' '.repeat(511)}…`;
  t.strictSame(at(line, 'findings', 0, 'detail'), {
    text: capped,
    nothing: null,
    destinations: [{ host: capped, ready: 0, warm: false, deep: '…', list: '…' }],
    many: many.slice(0, 16),
    wide: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`key-${index}`, index])),
    nested: { [capped]: { inner: 1 }, ['__proto__']: { polluted: true } },
  });
});

void t.test('no value of an object reaches a line', async (t) => {
  const running = await startApp(t);
  const canary = 'hunter2-canary';
  const object = anObject('checkout-api') as {
    metadata: Record<string, Json>;
    spec: { template: { spec: { containers: Record<string, Json>[] } } };
  };
  object.metadata['annotations'] = { 'kubectl.kubernetes.io/last-applied-configuration': canary, password: canary };
  object.metadata['labels'] = { team: canary };
  Object.assign(object.spec.template.spec.containers[0] ?? {}, {
    command: ['java', `-Dpassword=${canary}`],
    args: [canary],
    env: [{ name: 'JAVA_TOOL_OPTIONS', value: `-Dsecret=${canary}` }],
  });
  const judged: JsonObject = object;
  const userInfo = { username: 'developer', groups: [], extra: { token: [canary] } };
  for (const more of [
    {},
    { operation: 'UPDATE', oldObject: { ...judged, spec: {} } },
    { operation: 'DELETE', object: null, oldObject: judged },
  ])
    for (const phase of ['mutate', 'validate'] as const)
      await ask(running, phase, aReview({ object: judged, userInfo, ...more }));
  t.equal(running.audit.length, 6);
  t.ok(
    linesOf(running).some(({ verdict }) => verdict === 'mutate'),
    'it was judged',
  );
  t.notMatch(running.audit.join(''), canary);
  t.notMatch(running.log.join(''), canary);
});

void t.test('text of users is one short physical line that parses back', async (t) => {
  const running = await startApp(t);
  const nasty = 'a\nb\r\u001b[2J\u0000\u2028\u2029\u202e"\\';
  const everywhere = nasty.repeat(100);
  const version = { group: everywhere, version: everywhere, resource: everywhere, kind: everywhere };
  const object = anObject('checkout-api') as { spec: { template: { spec: { containers: Record<string, Json>[] } } } };
  Object.assign(object.spec.template.spec.containers[0] ?? {}, { name: everywhere });
  const judged: JsonObject = object;
  await ask(running, 'validate', aReview({ name: nasty, namespace: everywhere, object: judged }));
  await ask(running, 'mutate', aReview({ name: everywhere, object: judged }));
  await ask(running, 'mutate', aReview({ resource: version, kind: version, subResource: everywhere }));
  await ask(running, 'mutate', aReview({ userInfo: { username: everywhere, groups: Array(100).fill(everywhere) } }));
  t.equal(running.audit.length, 4);
  for (const line of running.audit) {
    t.match(line, /^\{.*\}\n$/s);
    t.notMatch(line.slice(0, -1), /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    t.ok(line.length < 20_000, `${line.length} characters`);
    t.strictSame(faultsOf(JSON.parse(line) as Json), []);
  }
  t.equal(asText(linesOf(running)[0]?.['name']), 'a b  [2J    "\\');
});

void t.test('the line is on its way before the answer is', async (t) => {
  const order: string[] = [];
  const running = await startApp(t, {
    audit: auditTo({ write: () => void order.push('line'), flush: () => void order.push('flush') }),
  });
  running.app.server.on('request', (_request, response) => {
    const write = response.writeHead.bind(response);
    response.writeHead = ((...args: Parameters<typeof write>) => {
      order.push('answer');
      return write(...args);
    }) as typeof response.writeHead;
  });
  await ask(running, 'mutate', aReview());
  await ask(running, 'validate', aReview());
  t.strictSame(order, ['line', 'flush', 'answer', 'line', 'flush', 'answer']);
});

void t.test('also when many are asked at once', async (t) => {
  const [gathered, written]: [string[], string[]] = [[], []];
  const flush = () => void written.push(...gathered.splice(0));
  const running = await startApp(t, { audit: auditTo({ write: (line) => gathered.push(line), flush }) });
  const uids = Array.from({ length: 60 }, (_, index) => `uid-${index}-`);
  const asked = uids.map(async (uid) => {
    await ask(running, 'mutate', aReview({ uid }));
    return written.some((line) => line.includes(uid));
  });
  t.ok(
    (await Promise.all(asked)).every((before) => before),
    'no answer came before its line',
  );
  t.equal(written.length, uids.length);
});

void t.test('a destination that throws: no line, no decision', async (t) => {
  const thrower = (): never => {
    throw new Error('disk full');
  };
  for (const destination of [{ write: thrower }, { write: () => undefined, flush: thrower }]) {
    const running = await startApp(t, { audit: auditTo(destination) });
    const { status, json } = await call(running, { body: JSON.stringify(aReview()) });
    t.equal(status, 500, 'the API server does what the failurePolicy says');
    t.strictSame(json, { error: 'internal error' });
    t.match(JSON.parse(running.log[0] ?? ''), { level: 'error', msg: 'call failed' });
    t.equal((await call(running, { method: 'GET', path: '/livez' })).status, 200);
  }
});
