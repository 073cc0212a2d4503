import { asList, asObject, own, type Json } from '../../core/json.ts';
import type { MatchClass, RouteRule } from '../../core/objects.ts';
import { shown } from './weights.ts';

export interface Match {
  readonly match: MatchClass;
  readonly matchKey: string;
  readonly odd: string | undefined;
}

type Protocol = RouteRule['protocol'];
type Constraint = readonly [field: string, value: Json];

const catchAll: Match = { match: 'catch-all', matchKey: '', odd: undefined };
/** For people and for metrics. */
const saysNothing: ReadonlySet<string> = new Set(['name', 'statPrefix']);
/** Nothing in a valid block is deeper, and a hostile one must not exhaust the stack. */
const deepest = 8;
/** Every request has these: what they say is about the request or the way it came, not about who was singled out. */
const everybodys: ReadonlySet<string> = new Set([
  ...['uri', 'scheme', 'method', 'authority', 'host'],
  ...[':path', ':scheme', ':method', ':authority'],
  ...['user-agent', 'accept', 'accept-encoding', 'accept-language', 'connection', 'content-type'],
  ...['x-forwarded-proto', 'x-forwarded-for', 'x-forwarded-host', 'x-request-id', 'x-envoy-external-address'],
]);
/** They match the whole path. `*` is no regular expression, and Istio takes it for one that matches all. */
const everyPath: ReadonlySet<string> = new Set(['*', '.*', '.+', '^.*', '.*$', '^.*$', '^.+$', '/.*', '/.*$', '^/.*', '^/.*$']);
const longestRegex = 1024;

/**
 * Whom a rule is for. `match` is a list of blocks: a request that fits any of them is taken, so the rule is as wide as its widest
 * block. A tls rule is never a catch-all: its SNI hosts are the address of what it serves, as `hosts` is for http.
 */
export function matchOf(match: Json | undefined, protocol: Protocol): Match {
  if (match !== undefined && match !== null && !Array.isArray(match)) return odd(match, `match is ${shown(match)}`);
  const blocks = asList(match);
  const stranger = blocks.findIndex((block) => asObject(block) === undefined);
  if (stranger !== -1) return odd(blocks, `match[${stranger}] is ${shown(blocks[stranger])}`);
  const constraints = blocks.map(constraintsOf);
  const everything = blocks.length === 0 || constraints.some((block) => block.length === 0);
  if (everything && protocol !== 'tls') return catchAll;
  const targeted = !everything && constraints.every(isTargeted);
  const keys = constraints.map((block) => canonicalEntries(block, 1));
  return { match: targeted ? 'targeted' : 'general', matchKey: `[${[...new Set(keys)].sort().join()}]`, odd: undefined };
}

/** The API server refuses it. `general` is the class that is judged, and that hides no other rule. */
function odd(value: Json, why: string): Match {
  return { match: 'general', matchKey: canonical(value, 0), odd: why };
}

/**
 * What a block asks for. Empty values ask for nothing, and neither does a path that all requests have: Istio stops reading the
 * rules after `uri: { prefix: / }` just as after one without a match (IsCatchAllRoute in
 * https://github.com/istio/istio/blob/master/pilot/pkg/networking/core/route/route.go).
 */
function constraintsOf(block: Json): readonly Constraint[] {
  const fields = Object.entries(asObject(block) ?? {}).filter((entry): entry is [string, Json] => asks(entry));
  return fields.some(([field]) => field === 'uri') ? fields : fields.filter(([field]) => field !== 'ignoreUriCase');
}

function asks([field, value]: readonly [string, Json | undefined]): boolean {
  return !saysNothing.has(field) && !isEmpty(value) && !(field === 'uri' && isEveryPath(value));
}

function isEmpty(value: Json | undefined): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || value === 0 || value === false;
}

function isEveryPath(uri: Json | undefined): boolean {
  const object = asObject(uri);
  if (object === undefined) return false;
  return Object.entries(object).every(([kind, value]) => {
    if (kind === 'prefix') return value === '' || value === '/';
    return kind === 'regex' ? typeof value === 'string' && everyPath.has(value) : value === null;
  });
}

/**
 * Istio does not look at `sourceLabels` in a block that has `gateways` too: sourceMatchHTTP in
 * https://github.com/istio/istio/blob/master/pilot/pkg/networking/core/route/route.go.
 */
function isTargeted(block: readonly Constraint[]): boolean {
  const byGateway = block.some(([field]) => field === 'gateways');
  return block.some(([field, value]) => !(byGateway && field === 'sourceLabels') && isTelltale(field, value));
}

function isTelltale(field: string, value: Json): boolean {
  const entries = Object.entries(asObject(value) ?? {});
  if (field === 'sourceLabels') return entries.some(([, one]) => typeof one === 'string');
  if (field === 'headers') return entries.some(([name, one]) => !everybodys.has(name.toLowerCase()) && isTelling(one));
  return field === 'queryParams' && entries.some(([, one]) => isTelling(one));
}

/** Not merely that the header or the parameter is there, nor any value of it. */
function isTelling(value: Json | undefined): boolean {
  const text = (kind: string): string => {
    const found = own(value, kind);
    return typeof found === 'string' ? found : '';
  };
  return text('exact') !== '' || text('prefix') !== '' || !isTrivialRegex(text('regex'));
}

/**
 * Whether a regular expression has an alternative without a single literal character, such as `.*`, `^.+$`, `(|[^;]*)` or `\S+`.
 * It is not run: it is RE2's, and its author may be hostile. One that is too long to look at counts as trivial, and is judged.
 */
function isTrivialRegex(regex: string): boolean {
  if (regex.length > longestRegex) return true;
  const atoms = regex
    .replace(/\(\?(?:P?<\w+>|[a-zA-Z-]*[:)])/g, '(')
    .replace(/\[\^?\]?(?:\\.|[^\]\\])*(?:\]|$)/g, '.')
    .replace(/\\(?:[pP](?:\{[^}]*(?:\}|$)|.)|[dDwWsSbBAzC])/g, '.');
  const literals = withoutOptional(atoms)
    .replace(/\{[\d,]*\}/g, '')
    .replace(/[.*+?^$()]/g, '');
  return literals.split('|').includes('');
}

/** What may be left out of a text says nothing about it: `a?`, `(?:app)*`, `x{0,9}`. From the inside out, a few levels deep. */
function withoutOptional(atoms: string): string {
  let left = atoms;
  for (let level = 0; level < deepest; level += 1)
    left = left.replace(/(?:\([^()]*\)|\\.|[^()|\\])(?:\?|\*|\{0[^}]*(?:\}|$))/g, '');
  return left;
}

/** The same text for values that mean the same: keys have no order, and all lists of a block are sets. */
function canonical(value: Json, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > deepest) return '"…"';
  if (!Array.isArray(value)) return canonicalEntries(Object.entries(value as object) as [string, Json][], depth);
  return `[${asList(value)
    .map((one) => canonical(one, depth + 1))
    .sort()
    .join()}]`;
}

function canonicalEntries(entries: readonly Constraint[], depth: number): string {
  const fields = entries.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value, depth + 1)}`);
  return `{${fields.sort().join()}}`;
}
