import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { breaches, type Architecture, type Sources } from './architecture.ts';

const repository = join(import.meta.dirname, '..');
const table = (await import(pathToFileURL(join(repository, 'architecture.js')).href)) as Architecture;

function sourcesOf(folder: string): Sources {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

const sources = sourcesOf(join(repository, 'src'));

void t.test('the sources keep to the table', (t) => {
  t.ok(sources.size > 50, 'they are found');
  t.strictSame(
    [...sources.keys()].filter((path) => !path.endsWith('.ts')),
    [],
    'and are all read',
  );
  t.strictSame(breaches(sources, table), []);
  t.end();
});

void t.test('the table names what is there', (t) => {
  const folders = new Set([...sources.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0] ?? ''));
  t.strictSame([...folders].sort(), Object.keys(table.architecture).sort());
  for (const folder of table.pureFolders) t.ok(folder in table.architecture, folder);
  t.end();
});

/** A small tree that breaks no rule; each planted file breaks one. */
const clean: Sources = new Map([
  ['main.ts', "#!/usr/bin/env node\nprocess.exitCode = 1;\nvoid import('./serve.ts');\n"],
  ['serve.ts', "import { readFileSync } from 'node:fs';\nimport './server/app.ts';\nprocess.on('SIGTERM', readFileSync);\n"],
  ['core/a.ts', "import type { B } from './b.ts';\nexport type A = B;\nexport const clock = { process: 1, Date: 2 }.process;\n"],
  ['core/time.ts', "export const a = new Date(Date.parse('2026-11-24T00:00:00Z')).toISOString();\n"],
  ['core/b.ts', "import jsonpatch from 'fast-json-patch';\nexport type B = typeof jsonpatch;\n"],
  ['policies/index.ts', "export { one } from './one/policy.ts';\nexport { two } from './two/policy.ts';\n"],
  ['policies/one/policy.ts', "import { x } from './x.ts';\nimport '../../core/a.ts';\nexport const one = x;\n"],
  ['policies/one/x.ts', 'export const x = 1;\n'],
  ['policies/two/policy.ts', 'export const two = 2;\n'],
  ['server/app.ts', "import 'fastify';\nimport '../core/a.ts';\nexport const now = Date.now();\n"],
]);

const planted: readonly (readonly [string, string, string])[] = [
  ['core/c.ts', "import '../kubernetes/k.ts';", 'core/c.ts: may not import kubernetes/k.ts'],
  ['core/c.ts', "import type { X } from '../server/app.ts';", 'core/c.ts: may not import server/app.ts'],
  ['core/c.ts', "export * from '../server/app.ts';", 'core/c.ts: may not import server/app.ts'],
  ['core/c.ts', "export { now } from '../server/app.ts';", 'core/c.ts: may not import server/app.ts'],
  ['core/c.ts', "export const c = import('../server/app.ts');", 'core/c.ts: may not import server/app.ts'],
  ['core/c.ts', "export type C = import('../server/app.ts').C;", 'core/c.ts: may not import server/app.ts'],
  ['core/c.ts', "import '../serve.ts';", 'core/c.ts: may not import serve.ts'],
  ['core/c.ts', "import 'node:fs';", 'core/c.ts: may not import node:fs'],
  ['core/c.ts', "import 'fs';", 'core/c.ts: may not import fs'],
  ['core/c.ts', "import 'fast-json-patch/index.mjs';", 'core/c.ts: may not import fast-json-patch/index.mjs'],
  ['core/c.ts', "import './nowhere.ts';", 'core/c.ts: imports ./nowhere.ts, which is no source file'],
  ['core/c.ts', "import '../../test/core/samples.ts';", 'core/c.ts: imports ../../test/core/samples.ts, which is no source file'],
  ['core/c.ts', "const name = './a.ts';\nvoid import(name);", 'core/c.ts: imports something computed'],
  ['core/c.ts', "import a = require('./a.ts');", 'core/c.ts: imports something computed'],
  ['policies/two/y.ts', "import '../one/x.ts';", 'policies/two/y.ts: may not import policies/one/x.ts'],
  ['policies/two/y.ts', "import '../index.ts';", 'policies/two/y.ts: may not import policies/index.ts'],
  ['server/z.ts', "import '../policies/index.ts';", 'server/z.ts: may not import policies/index.ts'],
  ['core/c.ts', 'export const c = Date.now();', 'core/c.ts: pure, but uses Date'],
  ['core/c.ts', 'export const c = new Date();', 'core/c.ts: pure, but uses Date'],
  ['core/c.ts', 'export const c = new Date;', 'core/c.ts: pure, but uses Date'],
  ['core/c.ts', 'export const c = Date();', 'core/c.ts: pure, but uses Date'],
  ['core/c.ts', 'export const c = Math.random();', 'core/c.ts: pure, but uses Math.random'],
  ['core/c.ts', "export const c = Math['random']();", 'core/c.ts: pure, but uses Math.random'],
  ['core/c.ts', 'export const c = globalThis.Date;', 'core/c.ts: pure, but uses globalThis'],
  ['core/c.ts', 'setTimeout(() => undefined, 1);', 'core/c.ts: pure, but uses setTimeout'],
  ['policies/one/c.ts', 'export const c = process.env;', 'policies/one/c.ts: pure, but uses process'],
  ['policies/one/c.ts', 'export const c = { process };', 'policies/one/c.ts: pure, but uses process'],
  ['server/z.ts', 'process.exit(1);', 'server/z.ts: only main.ts may use process.exit'],
  ['server/z.ts', 'process.exitCode = 1;', 'server/z.ts: only main.ts may use process.exitCode'],
  ['server/z.ts', "process['exit'](1);", 'server/z.ts: only main.ts may use process.exit'],
  ['server/z.ts', "process.once('SIGINT', x);", 'server/z.ts: only serve.ts handles signals'],
  ['core/utils.ts', '', 'core/utils.ts: says nothing about what is in it'],
  ['server/helpers/x.ts', '', 'server/helpers/x.ts: says nothing about what is in it'],
  ['policies/one/types.ts', '', 'policies/one/types.ts: says nothing about what is in it'],
  ['gadgets/x.ts', '', 'gadgets/x.ts: its folder is not in the table'],
  ['loose.ts', '', 'loose.ts: its folder is not in the table'],
  ['core/c.ts', '\n'.repeat(251), 'core/c.ts: 251 lines, more than 250'],
];

void t.test('it finds what is planted', (t) => {
  const kubernetes: Sources = new Map([...clean, ['kubernetes/k.ts', 'export const k = 1;\n']]);
  t.strictSame(breaches(kubernetes, table), [], 'the clean tree is clean');
  for (const [path, text, breach] of planted)
    t.strictSame(breaches(new Map([...kubernetes, [path, text]]), table), [breach], `${path}: ${text.trim().slice(0, 60)}`);
  t.end();
});

void t.test('it finds cycles', (t) => {
  const pair = new Map([...clean, ['core/b.ts', "export { clock } from './a.ts';"]]);
  t.strictSame(breaches(pair, table), ['core/a.ts: import cycle core/a.ts -> core/b.ts -> core/a.ts']);
  const ring = new Map([
    ...clean,
    ['core/b.ts', "import './c.ts';"],
    ['core/c.ts', "import './d.ts';"],
    ['core/d.ts', "import './b.ts';"],
  ]);
  t.strictSame(breaches(ring, table), ['core/b.ts: import cycle core/b.ts -> core/c.ts -> core/d.ts -> core/b.ts']);
  const itself = new Map([...clean, ['core/c.ts', "import './c.ts';"]]);
  t.strictSame(breaches(itself, table), ['core/c.ts: import cycle core/c.ts -> core/c.ts']);
  t.end();
});
