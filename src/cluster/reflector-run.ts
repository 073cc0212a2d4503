import type { Identity } from '../core/objects.ts';
import type { ApiError } from './api-error.ts';
import type { Client } from './client.ts';
import type { AnyKind } from './kind.ts';
import type { WriteStore } from './store.ts';
import type { Clock, Timing } from './timing.ts';

export type RelistReason =
  | 'first'
  | 'expired-version'
  | 'expired-continue'
  | 'version-went-back'
  | 'watch-refused'
  | 'kind-removed'
  | 'kind-appeared'
  | 'periodic';
export type ReflectorState = 'starting' | 'synced' | 'missing' | 'stopped';

/** Told what happens, for logs and metrics; must not throw. `kind` is the plural resource name. */
export interface ReflectorObserver {
  readonly onError: (event: { readonly kind: string; readonly during: 'list' | 'watch'; readonly error: ApiError }) => void;
  readonly onRelist: (event: { readonly kind: string; readonly reason: RelistReason }) => void;
  /** An object that could not be taken in; the stream goes on. */
  readonly onCallbackError: (event: { readonly kind: string; readonly error: unknown }) => void;
}

export interface ReflectorOptions {
  readonly kind: AnyKind;
  readonly store: WriteStore<Identity>;
  readonly client: Pick<Client, 'pages' | 'watch'>;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly observer: ReflectorObserver;
  /** After each change of state. */
  readonly onState: () => void;
}

/** Where a reflector stands. */
export interface Progress {
  state: ReflectorState;
  /** The last version seen; undefined: a list comes next, for this reason. */
  version: string | undefined;
  reason: RelistReason;
  /** False for the list after an expired continue token: a list that cannot be finished in pages is taken at once. */
  paged: boolean;
  relistAt: number;
  /** In a row, of lists and watches, for the length of the pause. */
  failures: number;
  /** Watches in a row that the API server answered with an error. */
  refusals: number;
  /** The last watch that failed was answered: an API server is there. */
  answered: boolean;
  /** Counts on at each 404: which of the kind's versions is asked for. */
  versionIndex: number;
  /** 404s in a row. */
  misses: number;
  contactAt: number | undefined;
  callbackErrors: number;
}

export interface Run {
  readonly options: ReflectorOptions;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export function beginning(): Progress {
  return {
    state: 'starting',
    version: undefined,
    reason: 'first',
    paged: true,
    relistAt: 0,
    failures: 0,
    refusals: 0,
    answered: true,
    versionIndex: 0,
    misses: 0,
    contactAt: undefined,
    callbackErrors: 0,
  };
}

/** The version that was found served, or that is tried next. */
export function servedVersion({ options: { kind }, progress }: Pick<Run, 'options' | 'progress'>): string {
  return kind.versions[progress.versionIndex % kind.versions.length] ?? '';
}
