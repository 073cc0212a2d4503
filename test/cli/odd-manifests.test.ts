import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { judgeManifests } from '../../src/cli/judge.ts';
import { parseManifests } from '../../src/cli/manifests.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { defaultSettings } from '../../src/core/modes.ts';
import { selector } from '../../src/core/select.ts';
import { policies } from '../../src/policies/index.ts';
import { article, catalog, check } from './checking.ts';

const bases = [article, catalog].map((file) => parse(readFileSync(file, 'utf8')) as JsonObject);

/** Every place in a value, as a path. */
function pathsOf(value: Json | undefined, path: readonly string[] = []): readonly (readonly string[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([key, member]) => pathsOf(member as Json, [...path, key]))];
}

/** A copy with what is at the path replaced, doubled or gone. */
function mutated(value: Json, [step, ...rest]: readonly string[], change: Json | undefined): Json | undefined {
  if (step === undefined || typeof value !== 'object' || value === null) return change;
  const member = mutated((value as JsonObject)[step] ?? null, rest, change);
  if (Array.isArray(value))
    return (value as readonly Json[]).flatMap((one, index) =>
      String(index) === step ? (member === undefined ? [one, one] : [member]) : [one],
    );
  const entries = Object.entries(value as JsonObject);
  return Object.fromEntries(
    entries.flatMap(([key, one]) => (key === step ? (member === undefined ? [] : [[key, member]]) : [[key, one]])),
  );
}

const odd = fc.oneof(
  fc.constantFrom<Json | undefined>(
    undefined,
    null,
    '',
    'java',
    '\u0000\n\u202e',
    -1,
    0,
    1e308,
    2 ** 53,
    true,
    [],
    {},
    [null],
    [[]],
    { name: 7 },
  ),
  fc.jsonValue() as fc.Arbitrary<Json>,
  fc.constantFrom(...['__proto__', 'constructor'].map((key) => JSON.parse(`{"${key}": {"polluted": 1}}`) as Json)),
);
const manifest = fc
  .tuple(fc.constantFrom(...bases), fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 4 }))
  .map(([base, changes]) =>
    changes.reduce<JsonObject>((object, [where, change]) => {
      const paths = pathsOf(object).filter(([first]) => first !== undefined && first !== 'kind' && first !== 'apiVersion');
      return mutated(object, paths[where % Math.max(paths.length, 1)] ?? ['spec'], change) as JsonObject;
    }, base),
  );

const options = {
  settings: defaultSettings,
  select: selector(policies),
  now: 0,
  user: { name: 'check', groups: [] },
  operation: undefined,
  subresource: '',
};

void t.test('odd manifests get a verdict', async (t) => {
  const property = fc.asyncProperty(
    manifest,
    fc.option(manifest, { nil: undefined }),
    fc.boolean(),
    async (object, old, known) => {
      const before = JSON.stringify(object);
      const stored = old === undefined ? [] : [{ source: 'old', object: old }];
      const [result] = await judgeManifests([{ source: 'new', object }], {
        ...options,
        old: stored,
        cluster: known ? stored : undefined,
      });
      if (result?.allowed !== true) throw new Error(JSON.stringify(result));
      if (result.findings.some(({ code }) => code === 'policy-error')) throw new Error(JSON.stringify(result.findings));
      if (JSON.stringify(object) !== before) throw new Error('the input changed');
    },
  );
  await fc.assert(property, { numRuns: 1500 });
  t.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

void t.test('and the real process says as many as it is given', async (t) => {
  const objects = fc.sample(manifest, 300);
  const { code, results } = await check(
    ['-f', '-', '--old', article],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  );
  t.equal(code, 0);
  t.equal(results.length, objects.length);
});

void t.test('odd texts are manifests or a fault, never a crash', (t) => {
  const line = fc.constantFrom(
    'kind: List',
    'apiVersion: v1',
    'items:',
    '- a',
    '  - &a {kind: X}',
    '*a',
    '---',
    '...',
    '%YAML 1.2',
    '<<: *a',
    '? x',
    '"',
    'x: !!binary x',
    'y: !<t> 1',
    '\t',
    '&',
    '[',
    '{',
    '0644: 08',
    'n: .inf',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(line, { maxLength: 10 }).map((lines) => lines.join('\n')),
  );
  const property = fc.property(text, (body) => {
    try {
      parseManifests('x.yaml', body);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'UsageFault' || !error.message.startsWith('x.yaml: document ')) throw error;
      if (/[\n\r]/.test(error.message)) throw new Error('two lines', { cause: error });
    }
  });
  fc.assert(property, { numRuns: 1500 });
  t.pass('whatever the text');
  t.end();
});
