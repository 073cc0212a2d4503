import type { Watch } from '@kubernetes/client-node';
import { asObject, asText, own, type JsonObject } from '../core/json.ts';
import { ApiError, toApiError } from './api-error.ts';

export interface WatchEvent {
  readonly type: string;
  readonly object: JsonObject;
}

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** How long the API server may take to begin its answer. */
  readonly openMs: number;
  /** How long the open stream may say nothing. */
  readonly silenceMs: number;
  readonly onOpen: () => void;
  /**
   * What it returns ends the watch.
   * Must not throw: client-node takes a throw for a line that is no JSON, and says nothing.
   */
  readonly onEvent: (event: WatchEvent) => ApiError | undefined;
}

export type WatchQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * client-node's Watch as one promise: resolved when the API server ends the stream, rejected with an ApiError otherwise.
 * Its own inactivity timeout is 30 s and it cannot be cut before the answer begins, so the silence is timed here,
 * and a stream that opens after it was given up is cut at once.
 */
export async function runWatch(
  watcher: Pick<Watch, 'watch'>,
  path: string,
  query: WatchQuery,
  { signal, openMs, silenceMs, onOpen, onEvent }: WatchOptions,
): Promise<void> {
  const ending = createEnding(signal);
  const heard = (type: string, object: unknown): void => {
    if (ending.ended()) return;
    ending.expectWord(silenceMs);
    const error = onEvent({ type, object: asObject(object) ?? {} });
    if (error !== undefined) ending.end(error);
  };
  const done = (error: unknown): void => ending.end(endOf(error));
  const opened = (controller: AbortController): void => {
    // Events and the end may have come first: they wait for nobody.
    ending.onEnd(() => controller.abort());
    if (ending.ended()) return;
    ending.expectWord(silenceMs);
    onOpen();
  };
  ending.expectWord(openMs);
  if (!ending.ended()) watcher.watch(path, { ...query }, heard, done).then(opened, done);
  return ending.promise;
}

interface Ending {
  readonly promise: Promise<void>;
  readonly ended: () => boolean;
  readonly end: (error: ApiError | undefined) => void;
  /** At the end, or at once when it has come. */
  readonly onEnd: (act: () => void) => void;
  readonly expectWord: (milliseconds: number) => void;
}

/** The first of: a regular end, an error, silence, the signal. */
function createEnding(signal: AbortSignal): Ending {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const acts: (() => void)[] = [];
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (error: ApiError | undefined): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    for (const act of acts) act();
    if (error === undefined) resolve(undefined);
    else reject(error);
  };
  const stop = (): void => end(new ApiError('aborted'));
  const expectWord = (milliseconds: number): void => {
    if (ended) return;
    clearTimeout(timer);
    timer = setTimeout(() => end(new ApiError('silent')), milliseconds);
  };
  const onEnd = (act: () => void): void => {
    if (ended) act();
    else acts.push(act);
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  return { promise, ended: () => ended, end, onEnd, expectWord };
}

function endOf(error: unknown): ApiError | undefined {
  return error === null || error === undefined ? undefined : toApiError(error);
}

/** The Status that an ERROR event carries, as the error it means. */
export function errorEvent(object: JsonObject): ApiError {
  const code = own(object, 'code');
  return new ApiError(asText(own(object, 'reason')) ?? 'error event', typeof code === 'number' ? code : undefined);
}
