import type { Identity } from '../core/objects.ts';
import type { AnyKind, Scope } from './kind.ts';
import { anyKind, anyStore } from './kinds.ts';
import type { LiveRead } from './live-reads.ts';
import type { Look } from './looks.ts';
import { isName } from './names.ts';
import { listQuestion, objectQuestion } from './questions.ts';
import { isFresh, type Sources } from './sources.ts';
import { carries, filedUnder } from './store.ts';

/** How a look is read again: one object, one list, or each object that the cache found. */
export interface Reread {
  /** Calls to the API server that it takes. */
  readonly reads: number;
  readonly run: (deadlineMs: number) => Promise<LiveRead>;
}

/** Objects of one look that are read one by one; of the others, what the cache says stands. */
const mostSingles = 16;

/** Looks with odd names, and those for a kind that is not installed, are answered without a call: nothing is there. */
export function rereadOf(look: Look, sources: Sources): Reread {
  const missing = sources.missing(look.kind);
  if (missing && isFresh(sources.ageSeconds(look.kind))) return nothing(sources);
  const reread = (look.how === 'get' ? rereadOne(look, sources) : rereadSome(look, sources)) ?? nothing(sources);
  if (!missing) return reread;
  const run = async (deadlineMs: number): Promise<LiveRead> => {
    const read = await reread.run(deadlineMs);
    return !read.ok && read.statusCode === 404 ? none(sources) : read;
  };
  return { ...reread, run };
}

function none({ now }: Sources): LiveRead {
  return { ok: true, items: [], startedAt: now() };
}

function nothing(sources: Sources): Reread {
  return { reads: 0, run: () => Promise.resolve(none(sources)) };
}

function rereadOne({ kind: name, ...look }: Look & { readonly how: 'get' }, sources: Sources): Reread | undefined {
  const kind = anyKind(name);
  if (!isName(look.name) || (kind.namespaced ? !isName(look.namespace) : look.namespace !== '')) return undefined;
  const { changes } = anyStore(sources.stores, name);
  const question = { ...objectQuestion(kind, sources.version(name), look.namespace, look.name), changes };
  const run = async (deadlineMs: number): Promise<LiveRead> => {
    const read = await sources.readLive(question, deadlineMs);
    return !read.ok && read.absent ? none(sources) : read;
  };
  return { reads: 1, run };
}

function rereadSome(look: Some, sources: Sources): Reread | undefined {
  const kind = anyKind(look.kind);
  const scoped = look.how === 'by' ? byIndex(look, kind) : byLabels(look, kind);
  if (scoped?.scope === undefined) return undefined;
  if (scoped.dear && isFresh(sources.ageSeconds(look.kind))) return rereadSingly(look, scoped.matches, sources);
  const { changes } = anyStore(sources.stores, look.kind);
  const question = { ...listQuestion(kind, sources.version(look.kind), scoped.scope), changes };
  const run = async (deadlineMs: number): Promise<LiveRead> => {
    const read = await sources.readLive(question, deadlineMs);
    return read.ok ? { ...read, items: read.items.filter(scoped.matches) } : read;
  };
  return { reads: 1, run };
}

type Some = Look & { readonly how: 'by' | 'select' };

interface Scoped {
  readonly scope: Scope | undefined;
  readonly dear: boolean;
  /** The same test as in the store: what a list has too much is left out. */
  readonly matches: (item: Identity) => boolean;
}

function byIndex({ index, value }: Look & { readonly how: 'by' }, kind: AnyKind): Scoped | undefined {
  const found = Object.hasOwn(kind.indexes, index) ? kind.indexes[index] : undefined;
  if (found === undefined) return undefined;
  return { scope: found.listed(value), dear: found.dear, matches: (item) => filedUnder(value, found.of(item)) };
}

function byLabels({ namespace, labels: wanted }: Look & { readonly how: 'select' }, { labels }: AnyKind): Scoped | undefined {
  if (labels === undefined || wanted.size === 0) return undefined;
  return { scope: labels.listed(namespace, wanted), dear: labels.dear, matches: (item) => carries(labels.of(item), wanted) };
}

/** What is gone or does not match any more drops out; what cannot be read stays as it was. */
function rereadSingly(look: Some, matches: Scoped['matches'], sources: Sources): Reread {
  const store = anyStore(sources.stores, look.kind);
  const found = look.how === 'by' ? store.by(look.index, look.value) : store.select(look.namespace, look.labels);
  const singles = found.slice(0, mostSingles);
  const again = async (item: Identity, deadlineMs: number): Promise<readonly Identity[]> => {
    const { namespace, name } = item;
    const read = await rereadOne({ kind: look.kind, how: 'get', namespace, name }, sources)?.run(deadlineMs);
    return read?.ok === true ? read.items.filter(matches) : [item];
  };
  const run = async (deadlineMs: number): Promise<LiveRead> => {
    const startedAt = sources.now();
    const items = await Promise.all(singles.map((item) => again(item, deadlineMs)));
    return { ok: true, items: [...items.flat(), ...found.slice(mostSingles)], startedAt };
  };
  return { reads: singles.length, run };
}
