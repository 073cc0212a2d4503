import type { KindName, Stores } from './kinds.ts';
import { tooManyReads, type LiveRead, type ReadLive } from './live-reads.ts';
import type { Recordings } from './looks.ts';

/** How old a cache may be to be believed: seconds since the last word of the API server. */
const freshSeconds = 10;

/** Where facts come from. */
export interface Sources {
  readonly stores: Stores;
  /** Seconds since the last contact of a kind that was listed at least once; undefined before that, or when it is not watched. */
  readonly ageSeconds: (kind: KindName) => number | undefined;
  /** The version of a kind that the API server serves, as far as is known. */
  readonly version: (kind: KindName) => string;
  /** The API server was asked for an optional kind, and has none. */
  readonly missing: (kind: KindName) => boolean;
  readonly readLive: ReadLive;
  readonly now: () => number;
  readonly recordings: Recordings;
}

export function isFresh(age: number | undefined): boolean {
  return age !== undefined && age <= freshSeconds;
}

/** What is wrong with a cache of this age, in front of why reading live did not help. */
export function blame(age: number | undefined): string {
  if (isFresh(age)) return '';
  return age === undefined ? 'never synced; ' : `no contact for ${Math.floor(age)} s; `;
}

/** More than is read again for one review. */
export const tooManyObjects = 'too many objects to read again';

export function whyNot(answer: LiveRead & { readonly ok: false }, prefix: string): string {
  return answer.why === tooManyReads || answer.why === tooManyObjects ? answer.why : `${prefix}live read: ${answer.why}`;
}
