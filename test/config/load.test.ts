import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { loadSettings, parseSettings } from '../../src/config/load.ts';
import { defaultSettings, type Settings } from '../../src/core/modes.ts';
import { policies } from '../../src/policies/index.ts';
import { holds } from '../core/property.ts';
import { aPolicy } from '../core/samples.ts';

const head = 'apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\n';
const parse = (text: string) => parseSettings('bouncer.yaml', text, policies);

function settingsIn(text: string): Settings {
  const loaded = parse(text);
  if (!loaded.ok) throw new Error(loaded.fault);
  return loaded.settings;
}

void t.test('what is not said is as built in', (t) => {
  const settings = settingsIn(head);
  t.equal(settings.ceiling, defaultSettings.ceiling);
  t.equal(settings.floor, defaultSettings.floor);
  for (const { id, config } of policies) t.strictSame(settings.policies.get(id), { config: config.defaults }, id);
  t.end();
});

void t.test('what is said', (t) => {
  const text = `${head}mode: warn\nfloor: audit\npolicies:\n  startup-probe: { mode: audit, handlerFrom: liveness }\n`;
  const settings = settingsIn(text);
  t.equal(settings.ceiling, 'warn');
  t.equal(settings.floor, 'audit');
  t.strictSame(settings.policies.get('startup-probe'), { mode: 'audit', config: { handlerFrom: 'liveness' } });
  t.end();
});

void t.test('a part of a policy leaves its other defaults', (t) => {
  const schema = { type: 'object', additionalProperties: false, properties: { a: { type: 'integer' }, b: { type: 'integer' } } };
  const policy = aPolicy({ config: { schema, defaults: { a: 1, b: 2 } } });
  const loaded = parseSettings('f', `${head}policies: { a-policy: { b: 3 } }`, [policy]);
  t.strictSame(loaded.ok && loaded.settings.policies.get('a-policy'), { config: { a: 1, b: 3 } });
  t.strictSame(policy.config.defaults, { a: 1, b: 2 }, 'which stay as they are');
  const odd = parseSettings('f', `${head}policies: { a-policy: { b: '3' } }`, [policy]);
  t.match(odd, { ok: false, fault: 'f: policies.a-policy.b: must be integer' }, 'text is no number: nothing is coerced');
  t.end();
});

void t.test('off without quotes is a mode', (t) => {
  for (const text of ['mode: off', 'mode: "off"', "mode: 'off'"]) t.equal(settingsIn(`${head}${text}\n`).ceiling, 'off', text);
  t.end();
});

const modes = 'must be off, audit, warn, enforce';
const faults: readonly (readonly [string, string, string | RegExp])[] = [
  ['an unknown field', `${head}modes: warn`, 'the document: unknown field "modes"'],
  [
    'an unknown field below',
    `${head}policies: { startup-probe: { handler: x } }`,
    'policies.startup-probe: unknown field "handler"',
  ],
  ['an unknown policy', `${head}policies: { startup-prob: {} }`, 'policies: unknown field "startup-prob"'],
  ['a mode nobody knows', `${head}mode: enforced`, `mode: ${modes}`],
  ['a mode in capitals', `${head}floor: WARN`, `floor: ${modes}`],
  ['an off that another tool wrote as a boolean', `${head}mode: false`, `mode: ${modes} (quote "off")`],
  [
    'the same below',
    `${head}policies: { startup-probe: { mode: false } }`,
    `policies.startup-probe.mode: ${modes} (quote "off")`,
  ],
  [
    'a value outside the list',
    `${head}policies: { startup-probe: { handlerFrom: moon } }`,
    /^policies\.startup-probe\.handlerFrom: must be auto, /,
  ],
  ['a policy of null', `${head}policies: { startup-probe: }`, 'policies.startup-probe: must be object'],
  ['a list', '- a', 'the document: must be object'],
  ['nothing', '', 'the document: must be object'],
  ['text', 'hello', 'the document: must be object'],
  ['no apiVersion', 'kind: Configuration', "the document: must have required property 'apiVersion'"],
  [
    'another version',
    'apiVersion: rollback-bouncer.dev/v2\nkind: Configuration',
    'apiVersion: must be rollback-bouncer.dev/v1alpha1',
  ],
  ['another kind', 'apiVersion: rollback-bouncer.dev/v1alpha1\nkind: ConfigMap', 'kind: must be Configuration'],
  ['a key twice', `${head}mode: warn\nmode: off`, /^not YAML: .*unique/],
  ['no YAML', `${head}mode: [`, /^not YAML: /],
  ['a tab', `${head}policies:\n\tstartup-probe: {}`, /^not YAML: /],
  ['two documents', `${head}---\n${head}`, /^not YAML: .*multiple documents/],
  ['an alias', `${head}mode: &a warn\nfloor: *a`, 'not YAML: aliases are not allowed'],
  ['a bomb of aliases', `a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]`, 'not YAML: aliases are not allowed'],
  ['an abyss', '['.repeat(100_000), /^not YAML: /],
  ['__proto__', `${head}__proto__: { mode: off }`, 'the document: unknown field "__proto__"'],
  ['a field with a line break', `${head}"mo\\nde\\u001b[2J": x`, 'the document: unknown field "mo de [2J"'],
  ['a list as a key', `${head}? [a]\n: 1`, /^the document: unknown field/],
];

void t.test('faults name the file and the field, in one line', (t) => {
  for (const [says, text, expected] of faults) {
    const loaded = parse(text);
    const fault = loaded.ok ? 'none' : loaded.fault;
    t.ok(fault.startsWith('bouncer.yaml: '), `${says}: ${fault}`);
    t.notMatch(fault, /[\n\r]/);
    const said = fault.slice('bouncer.yaml: '.length);
    if (typeof expected === 'string') t.equal(said, expected);
    else t.match(said, expected);
  }
  t.equal(({} as Record<string, unknown>)['mode'], undefined);
  t.end();
});

void t.test('files', (t) => {
  const folder = t.testdir({ 'bouncer.yaml': `${head}mode: audit\n` });
  const file = join(folder, 'bouncer.yaml');
  t.match(loadSettings(file, policies), { ok: true, settings: { ceiling: 'audit' } });
  const missing = join(folder, 'missing.yaml');
  t.strictSame(loadSettings(missing, policies), { ok: false, fault: `${missing}: cannot be read (ENOENT)` });
  t.strictSame(loadSettings(folder, policies), { ok: false, fault: `${folder}: cannot be read (EISDIR)` });
  writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00, 0x80]));
  t.match(loadSettings(file, policies), { ok: false, fault: new RegExp(`^${file}: `) });
  const loop = join(folder, 'loop.yaml');
  symlinkSync(loop, loop);
  t.strictSame(loadSettings(loop, policies), { ok: false, fault: `${loop}: cannot be read (ELOOP)` });
  t.end();
});

void t.test('properties', (t) => {
  const line = fc.constantFrom(
    'mode: off',
    'floor: *a',
    '- x',
    'policies:',
    '  startup-probe:',
    '    mode: &a warn',
    '!!set {a}',
    '? b',
    '"',
    '---',
    '\t',
    '#',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n')),
  );
  const property = fc.property(text, fc.boolean(), (body, whole) => {
    const loaded = parse(`${whole ? head : ''}${body}`);
    if (!loaded.ok && (!loaded.fault.startsWith('bouncer.yaml: ') || /[\n\r]/.test(loaded.fault))) throw new Error(loaded.fault);
  });
  holds(t, 'whatever the text, there are settings or one line', property, 500);
  t.end();
});
