import { asList, asObject, asText, at, own, type Json } from '../../core/json.ts';
import { memoised } from '../../core/memo.ts';
import type { RouteRule } from '../../core/objects.ts';

/** What a block of a match asks for, as far as two of them can exclude each other. */
interface Block {
  readonly path: { readonly exact: boolean; readonly text: string } | undefined;
  /** Fields with one value only: a request cannot have two. */
  readonly single: ReadonlyMap<string, string>;
  readonly sniHosts: readonly string[];
}

/**
 * May a request fit both rules? False only where that is certain: by the path, the method, the authority, the port, the SNI host.
 * Regular expressions, headers and the rest may always fit.
 */
export function mayOverlap(one: RouteRule, other: RouteRule): boolean {
  if (one.protocol !== other.protocol) return false;
  const right = blocksOf(other.matchKey);
  return blocksOf(one.matchKey).every((blocks) => right.every((others) => someOverlap(blocks, others)));
}

/** How much it costs to compare a rule: blocks of its match. */
export function blockCount({ matchKey }: RouteRule): number {
  return blocksOf(matchKey).reduce((sum, blocks) => sum + blocks.length, 1);
}

/** A list of blocks is an OR. One that is empty takes everything. */
function someOverlap(one: readonly Block[], other: readonly Block[]): boolean {
  if (one.length === 0 || other.length === 0) return true;
  return one.some((block) => other.some((counterpart) => blocksOverlap(block, counterpart)));
}

/** Of a rule and its delegate both must fit: one list for each, with a line break between them that no JSON text has. */
const blocksOf = memoised((matchKey: string): readonly (readonly Block[])[] => matchKey.split('\n').map(parsed));

function parsed(text: string): readonly Block[] {
  try {
    return asList(JSON.parse(text) as Json).map(blockOf);
  } catch {
    return [];
  }
}

function blockOf(block: Json): Block {
  const uri = own(block, 'uri');
  const [exact, prefix] = [asText(own(uri, 'exact')), asText(own(uri, 'prefix'))];
  const caseless = own(block, 'ignoreUriCase') === true;
  const path = caseless
    ? undefined
    : exact !== undefined
      ? { exact: true, text: exact }
      : prefix && { exact: false, text: prefix };
  const single = ['method', 'authority', 'scheme'].flatMap((field): [string, string][] => {
    const value = asText(at(block, field, 'exact'));
    return value === undefined ? [] : [[field, value]];
  });
  const port = own(block, 'port');
  if (typeof port === 'number') single.push(['port', String(port)]);
  const sniHosts = asList(own(asObject(block), 'sniHosts')).flatMap((host) => asText(host) ?? []);
  return { path: path === '' ? undefined : path, single: new Map(single), sniHosts };
}

function blocksOverlap(one: Block, other: Block): boolean {
  return (
    pathsOverlap(one.path, other.path) && singlesOverlap(one.single, other.single) && hostsOverlap(one.sniHosts, other.sniHosts)
  );
}

function pathsOverlap(one: Block['path'], other: Block['path']): boolean {
  if (one === undefined || other === undefined) return true;
  if (one.exact && other.exact) return one.text === other.text;
  const fits = (exact: string, prefix: string): boolean => exact.startsWith(prefix);
  if (one.exact) return fits(one.text, other.text);
  if (other.exact) return fits(other.text, one.text);
  return fits(one.text, other.text) || fits(other.text, one.text);
}

function singlesOverlap(one: Block['single'], other: Block['single']): boolean {
  return [...one].every(([field, value]) => (other.get(field) ?? value) === value);
}

/** A wildcard may stand for anything here. */
function hostsOverlap(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === 0 || other.length === 0 || [...one, ...other].some((host) => host.startsWith('*'))) return true;
  const hosts = new Set(one);
  return other.some((host) => hosts.has(host));
}
