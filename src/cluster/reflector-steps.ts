import { asList, asObject, asText, at, type Json, type JsonObject } from '../core/json.ts';
import type { Identity } from '../core/objects.ts';
import { ApiError, toApiError } from './api-error.ts';
import { identity } from './items/metadata.ts';
import { pathOf } from './kind.ts';
import { servedVersion, type ReflectorState, type RelistReason, type Run } from './reflector-run.ts';
import { jittered, nextBackoffMs } from './timing.ts';
import { errorEvent, type WatchEvent } from './watch.ts';

/** A version that is refused so often is not tried again: the API server may not know it (restored from a backup). */
const refusalsBeforeRelist = 5;

/** Reads the whole kind and replaces the store with it, so that nothing deleted in between stays. Returns the pause before the next step. */
export async function relist(run: Run): Promise<number> {
  const { options, progress } = run;
  try {
    const { version, items, asOf } = await readAll(run);
    if (run.signal.aborted) return 0;
    options.store.replaceAll(items);
    const { reason } = progress;
    Object.assign(progress, { version, paged: true, misses: 0, contactAt: asOf });
    progress.relistAt = asOf + jittered(options.timing.relistMs, options.clock.random);
    enter(run, 'synced');
    options.observer.onRelist({ kind: options.kind.resource, reason });
    return 0;
  } catch (error) {
    return run.signal.aborted ? 0 : listFailed(run, toApiError(error));
  }
}

interface Listed {
  readonly version: string;
  readonly items: readonly Identity[];
  readonly asOf: number;
}

/**
 * No `resourceVersion` in the query: the list is consistent. `0` would be cheaper and could answer from before what was seen already
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions), and it ignores the limit.
 */
async function readAll(run: Run): Promise<Listed> {
  const { options, signal, progress } = run;
  const query = progress.paged ? { limit: options.timing.pageLimit } : {};
  const items: Identity[] = [];
  let version: string | undefined;
  let asOf = 0;
  for await (const page of options.client.pages(listPath(run), query, { signal, timeoutMs: options.timing.listMs })) {
    if (version === undefined) asOf = options.clock.now();
    // All pages are of the version of the first one.
    version ??= asText(at(page, 'metadata', 'resourceVersion'));
    for (const raw of asList(page['items'])) {
      const item = projected(run, raw);
      if (item !== undefined) items.push(item);
    }
  }
  if (version === undefined || version === '') throw new ApiError('odd answer');
  return { version, items, asOf };
}

function listPath(run: Run): string {
  return pathOf(run.options.kind, servedVersion(run));
}

function projected(run: Run, raw: Json): Identity | undefined {
  const object = asObject(raw);
  if (object === undefined) return undefined;
  try {
    return run.options.kind.project(object);
  } catch (error) {
    callbackFailed(run, error);
    return undefined;
  }
}

function callbackFailed({ options, progress }: Run, error: unknown): void {
  progress.callbackErrors += 1;
  options.observer.onCallbackError({ kind: options.kind.resource, error });
}

function listFailed(run: Run, error: ApiError): number {
  const { options, progress } = run;
  if (error.statusCode === 404 && options.kind.optional) return missed(run);
  if (error.statusCode === 410) {
    progress.paged = false;
    progress.reason = 'expired-continue';
  } else {
    options.observer.onError({ kind: options.kind.resource, during: 'list', error });
  }
  return backoff(run);
}

/** All versions are looked for; and a kind that was there is believed to be gone only when it is not found twice. */
function missed(run: Run): number {
  const { options, progress } = run;
  progress.misses += 1;
  progress.versionIndex += 1;
  if (progress.misses % options.kind.versions.length !== 0) return 0;
  if (progress.state === 'synced' && progress.misses <= options.kind.versions.length) return backoff(run);
  Object.assign(progress, { reason: 'kind-appeared', contactAt: options.clock.now(), failures: 0 });
  options.store.replaceAll([]);
  enter(run, 'missing');
  return jittered(options.timing.missingMs, options.clock.random);
}

/** One watch from a version to its end. Returns the pause before the next step. */
export async function follow(run: Run, version: string): Promise<number> {
  const { options, signal, progress } = run;
  const { clock, timing } = options;
  if (clock.now() >= progress.relistAt) return forget(run, 'periodic');
  const timeoutSeconds = Math.round(jittered(timing.watchSeconds, clock.random));
  let openedAt = Number.POSITIVE_INFINITY;
  const onOpen = (): void => {
    openedAt = progress.contactAt = clock.now();
  };
  const onEvent = (event: WatchEvent): ApiError | undefined => take(run, event);
  const limits = { signal, openMs: timing.openMs, silenceMs: timeoutSeconds * 1000 + timing.graceMs };
  const query = { allowWatchBookmarks: true, resourceVersion: version, timeoutSeconds };
  let failure: ApiError | undefined;
  try {
    await options.client.watch(listPath(run), query, { ...limits, onOpen, onEvent });
    progress.contactAt = clock.now();
  } catch (error) {
    failure = toApiError(error);
  }
  if (signal.aborted) return 0;
  if (clock.now() - openedAt >= timing.shortWatchMs) progress.failures = progress.refusals = 0;
  if (failure !== undefined) return watchFailed(run, failure);
  return clock.now() - openedAt >= timing.shortWatchMs ? 0 : backoff(run);
}

/** An event into the store; an error ends the watch. */
function take(run: Run, { type, object }: WatchEvent): ApiError | undefined {
  const { options, progress } = run;
  if (type === 'ERROR') return errorEvent(object);
  progress.contactAt = options.clock.now();
  const version = asText(at(object, 'metadata', 'resourceVersion')) ?? '';
  if (isBefore(version, progress.version ?? '')) return new ApiError('version-went-back', 410);
  if (type !== 'BOOKMARK') store(run, type, object);
  if (version !== '') progress.version = version;
  return undefined;
}

function store(run: Run, type: string, object: JsonObject): void {
  const { kind, store } = run.options;
  try {
    const item = type === 'DELETED' ? undefined : kind.project(object);
    const { namespace = '', name = '' } = identity(object) ?? {};
    if (item === undefined) store.delete(kind.namespaced ? namespace : '', name);
    else store.upsert(item);
  } catch (error) {
    callbackFailed(run, error);
  }
}

/** Versions are decimal numbers that grow (KEP-5504); anything else is not compared. */
function isBefore(version: string, seen: string): boolean {
  if (!/^[1-9]\d*$/.test(version) || !/^[1-9]\d*$/.test(seen)) return false;
  return version.length === seen.length ? version < seen : version.length < seen.length;
}

function watchFailed(run: Run, error: ApiError): number {
  const { options, progress } = run;
  if (error.statusCode === 410) {
    forget(run, error.reason === 'version-went-back' ? 'version-went-back' : 'expired-version');
    // The API server is back: the pauses that grew while nobody answered are over, and the kind is stale until it is listed.
    if (!progress.answered) progress.failures = 0;
    progress.answered = true;
    return backoff(run);
  }
  if (error.statusCode === 404) forget(run, 'kind-removed');
  if (error.statusCode !== 404 || !options.kind.optional) {
    options.observer.onError({ kind: options.kind.resource, during: 'watch', error });
  }
  progress.answered = error.statusCode !== undefined;
  progress.refusals = progress.answered ? progress.refusals + 1 : 0;
  if (progress.refusals >= refusalsBeforeRelist) forget(run, 'watch-refused');
  return backoff(run);
}

function forget({ progress }: Run, reason: RelistReason): number {
  Object.assign(progress, { version: undefined, reason, refusals: 0 });
  return 0;
}

function backoff({ options, progress }: Run): number {
  progress.failures += 1;
  return nextBackoffMs(progress.failures, options.timing.backoffMs, options.clock.random);
}

function enter({ options, progress }: Run, state: ReflectorState): void {
  if (progress.state === state) return;
  progress.state = state;
  options.onState();
}
