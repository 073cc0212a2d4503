import type { KubeConfig } from '@kubernetes/client-node';
import { createClient, type Client } from './client.ts';
import { createConfirm, type ClusterConfirm } from './confirm.ts';
import { createEvents, type EventOptions, type Events } from './events.ts';
import { createGather, type ClusterGather } from './gather.ts';
import { anyKind, anyStore, createStores, kinds, type KindName, type Stores } from './kinds.ts';
import { createLiveReads } from './live-reads.ts';
import type { ReflectorObserver, ReflectorState } from './reflector-run.ts';
import { createReflector, type Reflector } from './reflector.ts';
import type { Sources } from './sources.ts';
import { defaultTiming, systemClock, type Clock, type Timing } from './timing.ts';

export interface ClusterOptions {
  readonly kubeConfig: KubeConfig;
  readonly kinds: readonly KindName[];
  /** Milliseconds on a clock that does not jump; deadlines are on it too. */
  readonly now?: () => number;
  readonly observer: ReflectorObserver;
  readonly timing?: Partial<Timing>;
  readonly events?: EventOptions;
}

export interface KindAge {
  /** Plural resource name. */
  readonly kind: string;
  readonly state: ReflectorState;
  /** Since the last contact; undefined before the first. */
  readonly ageSeconds: number | undefined;
  readonly size: number;
  readonly callbackErrors: number;
}

export interface Cluster {
  readonly stores: Stores;
  readonly client: Client;
  /** Every watched kind was listed once, or is not installed; it does not say that the caches are fresh. */
  readonly synced: () => boolean;
  /** Also resolves when the cluster is stopped first. */
  readonly whenSynced: () => Promise<void>;
  readonly ages: () => readonly KindAge[];
  readonly gather: ClusterGather;
  readonly confirm: ClusterConfirm;
  readonly events: Events;
  /** Idempotent; leaves no timer and no connection. */
  readonly stop: () => Promise<void>;
}

/** Watches the kinds and answers from what they say. Returns at once; nothing about the API server makes it throw. */
export function connectCluster({ kubeConfig, kinds: watched, now, observer, timing, events: toEvents }: ClusterOptions): Cluster {
  const clock: Clock = { ...systemClock, now: now ?? systemClock.now };
  const client = createClient(kubeConfig, clock.now);
  const stores = createStores();
  const sync = createSync();
  const parts = { client, clock, observer, timing: { ...defaultTiming, ...timing }, onState: (): void => sync.check() };
  const reflectors = new Map(
    watched.map((name) => [name, createReflector({ ...parts, kind: anyKind(name), store: anyStore(stores, name) })] as const),
  );
  sync.watch([...reflectors.values()]);
  for (const reflector of reflectors.values()) reflector.start();
  const events = createEvents({ ...toEvents, client, clock });
  const sources: Sources = {
    stores,
    ageSeconds: (name) => ageOf(reflectors.get(name), clock.now()),
    version: (name) => reflectors.get(name)?.version() ?? anyKind(name).versions[0] ?? '',
    missing: (name) => reflectors.get(name)?.state() === 'missing',
    readLive: createLiveReads(client, { now: clock.now }),
    now: clock.now,
    recordings: new WeakMap(),
  };
  return {
    stores,
    client,
    synced: sync.synced,
    whenSynced: sync.whenSynced,
    ages: () => [...reflectors].map(([name, reflector]) => describe(name, reflector, stores, clock.now())),
    gather: createGather(sources),
    confirm: createConfirm(sources),
    events,
    stop: async () => {
      const stopping = [...reflectors.values()].map((reflector) => reflector.stop());
      await Promise.all([...stopping, events.stop(), client.close()]);
      sync.finish();
    },
  };
}

function ageOf(reflector: Reflector | undefined, now: number): number | undefined {
  const state = reflector?.state();
  const contactAt = reflector?.contactAt();
  return contactAt === undefined || state === 'starting' || state === 'stopped'
    ? undefined
    : Math.max(0, (now - contactAt) / 1000);
}

function describe(name: KindName, reflector: Reflector, stores: Stores, now: number): KindAge {
  return {
    kind: kinds[name].resource,
    state: reflector.state(),
    ageSeconds: ageOf(reflector, now),
    size: stores[name].size(),
    callbackErrors: reflector.callbackErrors(),
  };
}

interface Sync {
  readonly watch: (reflectors: readonly Reflector[]) => void;
  readonly check: () => void;
  readonly finish: () => void;
  readonly synced: () => boolean;
  readonly whenSynced: () => Promise<void>;
}

/** Once synced, always synced: how fresh the caches are is another question. */
function createSync(): Sync {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let waitingFor: readonly Reflector[] = [];
  const check = (): void => {
    waitingFor = waitingFor.filter((reflector) => reflector.state() === 'starting');
    if (waitingFor.length === 0) resolve(undefined);
  };
  return {
    watch: (reflectors) => {
      waitingFor = reflectors;
      check();
    },
    check,
    finish: () => resolve(undefined),
    synced: () => waitingFor.length === 0,
    whenSynced: () => promise.then(() => undefined),
  };
}
