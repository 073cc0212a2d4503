import { beginning, servedVersion, type ReflectorOptions, type ReflectorState, type Run } from './reflector-run.ts';
import { follow, relist } from './reflector-steps.ts';

export interface Reflector {
  readonly start: () => void;
  /** Idempotent; resolves when nothing is left running. */
  readonly stop: () => Promise<void>;
  readonly state: () => ReflectorState;
  /** When the API server was last heard (list, event, bookmark, opening or regular end of a watch), ms of the clock. */
  readonly contactAt: () => number | undefined;
  readonly callbackErrors: () => number;
  /** Of the versions of the kind, the one that is read. */
  readonly version: () => string;
}

/**
 * Keeps a store equal to what the API server has of one kind: a list, then watches from its version on, for ever.
 * Every failure is followed by a pause and another try; only `stop` ends it.
 */
export function createReflector(options: ReflectorOptions): Reflector {
  const stopping = new AbortController();
  const run: Run = { options, signal: stopping.signal, progress: beginning() };
  const { progress } = run;
  let running: Promise<void> | undefined;
  return {
    start: () => {
      running ??= loop(run);
    },
    stop: async () => {
      stopping.abort();
      progress.state = 'stopped';
      await running;
    },
    state: () => progress.state,
    contactAt: () => progress.contactAt,
    callbackErrors: () => progress.callbackErrors,
    version: () => servedVersion(run),
  };
}

async function loop(run: Run): Promise<void> {
  const { options, signal, progress } = run;
  while (!signal.aborted) {
    const pauseMs = progress.version === undefined ? await relist(run) : await follow(run, progress.version);
    // A sleep that is aborted, or begun too late, ends at once.
    if (pauseMs > 0) await options.clock.sleep(pauseMs, signal);
  }
}
