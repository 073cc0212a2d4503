import { dirname, join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** The table of architecture.js. */
export interface Architecture {
  readonly architecture: Readonly<Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>>;
  readonly pureFolders: readonly string[];
  readonly limits: { readonly fileLines: number };
}

/** Source texts by path below src. */
export type Sources = ReadonlyMap<string, string>;

/** Wired by hand, or imported by nobody: everything else lives in a folder of the table. */
const exempt: readonly string[] = ['main.ts', 'serve.ts', 'version.ts'];
const vague = /(^|\/)(utils?|helpers?|common|types?|misc|shared)(\.ts|\/)/;
/** Where a pure folder would get an answer that is another one tomorrow. */
const impure: ReadonlySet<string> = new Set([
  ...['Date', 'process', 'globalThis', 'global', 'fetch', 'performance', 'crypto', 'Buffer', 'console', 'Intl', 'require'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'eval'],
]);
const ends: ReadonlySet<string> = new Set(['exit', 'exitCode', 'abort', 'kill', 'reallyExit']);

interface Parsed {
  readonly path: string;
  readonly text: string;
  readonly nodes: readonly ts.Node[];
  /** Specifiers of imports; undefined for one that is computed. */
  readonly imports: readonly (string | undefined)[];
}

/** Every breach of the table, one line each, the file first. An allow-list: what the table does not name is a breach. */
export function breaches(sources: Sources, table: Architecture): readonly string[] {
  const files = [...sources].map(([path, text]) => parse(path, text));
  return [
    ...files.flatMap((file) => [
      ...placeBreaches(file, table),
      ...importBreaches(file, table, sources),
      ...impureBreaches(file, table),
      ...endBreaches(file),
    ]),
    ...cycles(files),
  ];
}

function parse(path: string, text: string): Parsed {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { path, text, nodes, imports: nodes.flatMap(importOf) };
}

function importOf(node: ts.Node): readonly (string | undefined)[] {
  const literal = (expression: ts.Node | undefined): readonly (string | undefined)[] => [
    expression !== undefined && ts.isStringLiteralLike(expression) ? expression.text : undefined,
  ];
  if (ts.isImportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier === undefined ? [] : literal(node.moduleSpecifier);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return literal(node.arguments[0]);
  if (ts.isImportTypeNode(node)) return literal(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
  if (ts.isImportEqualsDeclaration(node)) return [undefined];
  return [];
}

function placeBreaches({ path, text }: Parsed, { architecture, limits }: Architecture): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return [
    ...(exempt.includes(path) || folderOf(path) in architecture ? [] : [`${path}: its folder is not in the table`]),
    ...(vague.test(path) ? [`${path}: says nothing about what is in it`] : []),
    ...(lines > limits.fileLines ? [`${path}: ${lines} lines, more than ${limits.fileLines}`] : []),
  ];
}

function importBreaches({ path, imports }: Parsed, { architecture }: Architecture, sources: Sources): readonly string[] {
  const allowed = architecture[folderOf(path)];
  return imports.flatMap((specifier) => {
    if (specifier === undefined) return [`${path}: imports something computed`];
    if (!specifier.startsWith('.'))
      return allowed === undefined || allowed.packages.includes(specifier) ? [] : [`${path}: may not import ${specifier}`];
    const target = resolve(path, specifier);
    if (!sources.has(target)) return [`${path}: imports ${specifier}, which is no source file`];
    return allowed === undefined || mayImport(path, target, allowed.folders) ? [] : [`${path}: may not import ${target}`];
  });
}

/** The folder itself and those of the table; among policies only the own folder, save for their list. */
function mayImport(path: string, target: string, folders: readonly string[]): boolean {
  const [folder, other] = [folderOf(path), folderOf(target)];
  if (other !== folder) return folders.includes(other) && target.includes('/');
  return folder !== 'policies' || path === 'policies/index.ts' || path.split('/')[1] === target.split('/')[1];
}

function impureBreaches({ path, nodes }: Parsed, { pureFolders }: Architecture): readonly string[] {
  if (!pureFolders.includes(folderOf(path))) return [];
  return nodes.flatMap((node) => {
    if (ts.isIdentifier(node) && impure.has(node.text) && !isMemberName(node) && !isCalendar(node))
      return [`${path}: pure, but uses ${node.text}`];
    return isMember(node, 'Math', 'random') ? [`${path}: pure, but uses Math.random`] : [];
  });
}

/** `Date.parse(text)`, `new Date(milliseconds)`: the calendar. The clock is `Date.now()` and `new Date()`. */
function isCalendar(node: ts.Identifier): boolean {
  const { parent } = node;
  if (node.text !== 'Date') return false;
  return ts.isNewExpression(parent) ? (parent.arguments ?? []).length > 0 : isMember(parent, 'Date', 'parse');
}

/** `x.process` and `{ process: 1 }` are names of the file's own. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) && parent.name === node
  );
}

/** Only main.ts decides how the process ends; only serve.ts listens to signals. */
function endBreaches({ path, nodes }: Parsed): readonly string[] {
  return nodes.flatMap((node) => {
    const ended = path === 'main.ts' ? undefined : [...ends].find((name) => isMember(node, 'process', name));
    if (ended !== undefined) return [`${path}: only main.ts may use process.${ended}`];
    const listens = ['on', 'once', 'addListener'].some((name) => isMember(node, 'process', name));
    return listens && path !== 'serve.ts' ? [`${path}: only serve.ts handles signals`] : [];
  });
}

function isMember(node: ts.Node, object: string, name: string): boolean {
  const byName = ts.isPropertyAccessExpression(node) && node.name.text === name;
  const byText =
    ts.isElementAccessExpression(node) &&
    ts.isStringLiteralLike(node.argumentExpression) &&
    node.argumentExpression.text === name;
  return (byName || byText) && ts.isIdentifier(node.expression) && node.expression.text === object;
}

/** Files that import each other, types included: each ring once, from its first file. */
function cycles(files: readonly Parsed[]): readonly string[] {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap((one) => (one?.startsWith('.') === true ? [resolve(path, one)] : [])),
    ]),
  );
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.add(ring(trail.slice(start)));
    if (start >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return [...found];
}

function ring(paths: readonly string[]): string {
  const first = paths.indexOf([...paths].sort()[0] ?? '');
  const turned = [...paths.slice(first), ...paths.slice(0, first)];
  return `${turned[0] ?? ''}: import cycle ${[...turned, turned[0]].join(' -> ')}`;
}

/** Empty for a file that lies in src itself. */
function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function resolve(path: string, specifier: string): string {
  return normalize(join(dirname(path), specifier));
}
