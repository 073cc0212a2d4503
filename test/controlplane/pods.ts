import type { Api } from './api.ts';

/** Pods that nobody runs: written with a node and a status, and left alone by kwok. */
export interface PodBatch {
  readonly namespace: string;
  readonly count: number;
  /** Names are `prefix-0`, `prefix-1`, …. */
  readonly prefix: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** An existing node; pods on unknown nodes are collected as garbage. */
  readonly nodeName: string;
  /** Default: true. */
  readonly ready?: boolean;
  /** Calls at a time. Default: 32. */
  readonly concurrency?: number;
  readonly ownerReferences?: readonly object[];
}

/** Create many pods with a status, quickly. Resolves to their names. */
export async function createPods(api: Api, batch: PodBatch): Promise<string[]> {
  const path = `/api/v1/namespaces/${batch.namespace}/pods`;
  const names = Array.from({ length: batch.count }, (_, index) => `${batch.prefix}-${index}`);
  await inParallel(names, batch.concurrency ?? 32, async (name, index) => {
    await api(path, { method: 'POST', body: podManifest(name, batch) });
    await api(`${path}/${name}/status`, { method: 'PATCH', body: { status: podStatus(batch.ready ?? true, index) } });
  });
  return names;
}

/** Turn a pod of `createPods` ready or unready. */
export async function setPodReady(api: Api, namespace: string, name: string, ready: boolean): Promise<void> {
  const body = { status: podStatus(ready, 0, false) };
  await api(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { method: 'PATCH', body });
}

function podManifest(name: string, { labels, annotations, nodeName, ownerReferences }: PodBatch): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, ownerReferences, annotations: { ...annotations, 'rollback-bouncer.dev/by-hand': 'true' } },
    spec: { nodeName, containers: [{ name: 'app', image: 'app' }], automountServiceAccountToken: false },
  };
}

function podStatus(ready: boolean, index: number, withAddress = true): object {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const status = ready ? 'True' : 'False';
  const podIP = `198.19.${Math.floor(index / 250) % 256}.${(index % 250) + 1}`;
  return {
    phase: 'Running',
    startTime: now,
    ...(withAddress ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    conditions: [
      { type: 'Initialized', status: 'True', lastTransitionTime: now },
      { type: 'Ready', status, lastTransitionTime: now },
      { type: 'ContainersReady', status, lastTransitionTime: now },
    ],
    containerStatuses: [
      { name: 'app', image: 'app', imageID: '', ready, started: true, restartCount: 0, state: { running: { startedAt: now } } },
    ],
  };
}

async function inParallel<T>(
  items: readonly T[],
  workers: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: Math.min(workers, items.length) }, worker));
}
