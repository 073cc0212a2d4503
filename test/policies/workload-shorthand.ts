import type { Json, JsonObject } from '../../src/core/json.ts';
import { shorthand, type Texts } from './objects.ts';

/** One ReplicaSet with its pods. Those of one kind, name and namespace belong to one workload, which the first of them describes. */
export interface WorkloadShorthand {
  readonly name: string;
  readonly namespace?: string;
  readonly kind?: 'Deployment' | 'Rollout';
  /** Of its pods. */
  readonly labels: Texts;
  /** Pods that its ReplicaSet asks for. */
  readonly desired: number;
  /** Pods that the workload asks for; as many as `desired` where it has one ReplicaSet. */
  readonly replicas?: number;
  /** The first so many pods are ready; all of them when left out. */
  readonly ready?: number;
  /** The first so many of the ready ones are ready for an hour, the others for `readyForSeconds`; all when left out. */
  readonly warm?: number;
  readonly readyForSeconds?: number;
  /** When the containers of the ready pods came back from a restart that the condition of the pod has not seen. */
  readonly restartedSecondsAgo?: number;
  /** So many of the ready pods have a container that says it has not started. */
  readonly unstarted?: number;
  /** Further pods, warm and on their way out. */
  readonly terminating?: number;
  readonly hash?: string;
  /** Its hash is the Rollout's `status.stableRS`. */
  readonly stable?: boolean;
  readonly hpa?: boolean;
  readonly annotations?: Texts;
  readonly minReadySeconds?: number;
}

const keys = [
  ...(['name', 'namespace', 'kind', 'labels', 'desired', 'replicas', 'ready', 'warm', 'readyForSeconds'] as const),
  ...(['restartedSecondsAgo', 'unstarted', 'terminating', 'hash', 'stable', 'hpa', 'annotations', 'minReadySeconds'] as const),
];

type Workload = Required<Omit<WorkloadShorthand, 'restartedSecondsAgo'>> & Pick<WorkloadShorthand, 'restartedSecondsAgo'>;

/** Workloads with their ReplicaSets, pods and autoscalers, as the API server would show them at that time. */
export function workloadManifests(values: readonly Json[], now: number): readonly JsonObject[] {
  const workloads = values.map(workloadOf);
  const first = new Map(workloads.toReversed().map((workload) => [uid(workload.kind, workload), workload]));
  return [
    ...[...first.values()].toReversed().flatMap((workload) => [
      controller(
        workload,
        workloads.filter((one) => first.get(uid(one.kind, one)) === workload),
      ),
      ...(workload.hpa ? [autoscaler(workload)] : []),
    ]),
    ...workloads.flatMap((workload) => [replicaSet(workload), ...pods(workload, now)]),
  ];
}

function workloadOf(value: Json): Workload {
  const given = shorthand<WorkloadShorthand>(value, 'workload', keys);
  const ready = given.ready ?? given.desired;
  return {
    namespace: 'shop',
    kind: 'Deployment',
    replicas: given.desired,
    ready,
    warm: ready,
    readyForSeconds: 12,
    unstarted: 0,
    terminating: 0,
    hash: '7d9c6b5f4d',
    stable: false,
    hpa: false,
    annotations: {},
    minReadySeconds: 0,
    ...given,
  };
}

const uid = (kind: string, { namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `uid-${kind}-${namespace}-${name}`;

const hashKeys = { Deployment: 'pod-template-hash', Rollout: 'rollouts-pod-template-hash' } as const;
const apiVersions = { Deployment: 'apps/v1', Rollout: 'argoproj.io/v1alpha1' } as const;
const container = { name: 'app', image: 'registry.example/app:1.0.0' };

function controller(workload: Workload, replicaSets: readonly Workload[]): JsonObject {
  const { kind, name, namespace, annotations, labels, replicas, minReadySeconds } = workload;
  const stable = replicaSets.find((one) => one.stable);
  const readyReplicas = replicaSets.reduce((sum, one) => sum + one.ready, 0);
  return {
    apiVersion: apiVersions[kind],
    kind,
    metadata: { name, namespace, uid: uid(kind, workload), annotations },
    spec: { replicas, minReadySeconds, selector: { matchLabels: labels }, template: template(labels) },
    status: { readyReplicas, ...(stable !== undefined && { stableRS: stable.hash }) },
  };
}

function template(labels: Texts): JsonObject {
  return { metadata: { labels }, spec: { containers: [container] } };
}

function autoscaler({ kind, name, namespace, desired }: Workload): JsonObject {
  const scaleTargetRef = { apiVersion: apiVersions[kind], kind, name };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace, uid: uid('HorizontalPodAutoscaler', { name, namespace }) },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 10 * desired },
  };
}

function replicaSet(workload: Workload): JsonObject {
  const { kind, name, namespace, hash, labels, desired, ready } = workload;
  const own = { name: `${name}-${hash}`, namespace };
  const podLabels = { ...labels, [hashKeys[kind]]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...own,
      uid: uid('ReplicaSet', own),
      labels: podLabels,
      creationTimestamp: '2026-11-01T00:00:00Z',
      ownerReferences: [{ apiVersion: apiVersions[kind], kind, name, uid: uid(kind, workload), controller: true }],
    },
    spec: { replicas: desired, selector: { matchLabels: podLabels }, template: template(podLabels) },
    status: { replicas: desired, readyReplicas: ready },
  };
}

function pods(workload: Workload, now: number): readonly JsonObject[] {
  const { desired, ready, warm, unstarted, terminating, readyForSeconds, restartedSecondsAgo } = workload;
  const staying = Array.from({ length: Math.max(desired, ready) }, (_, index) => ({
    ready: index < ready,
    started: index < ready && index >= unstarted,
    readyFor: index < warm ? 3600 : readyForSeconds,
    runningFor: restartedSecondsAgo ?? 7200,
    leaving: false,
  }));
  const gone = { ready: true, started: true, readyFor: 3600, runningFor: 7200, leaving: true };
  return [...staying, ...Array.from({ length: terminating }, () => gone)].map((state, index) => pod(workload, index, state, now));
}

interface PodState {
  readonly ready: boolean;
  readonly started: boolean;
  readonly readyFor: number;
  readonly runningFor: number;
  readonly leaving: boolean;
}

function pod({ kind, name, namespace, hash, labels }: Workload, index: number, state: PodState, now: number): JsonObject {
  const { ready, started, readyFor, runningFor, leaving } = state;
  const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();
  const owner = { name: `${name}-${hash}`, namespace };
  const own = { name: `${owner.name}-${index}`, namespace };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...own,
      uid: uid('Pod', own),
      labels: { ...labels, [hashKeys[kind]]: hash },
      ...(leaving && { deletionTimestamp: ago(5) }),
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner.name, uid: uid('ReplicaSet', owner), controller: true },
      ],
    },
    spec: { containers: [container] },
    status: {
      phase: 'Running',
      podIP: addressOf(own),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readyFor) }],
      containerStatuses: [
        {
          name: container.name,
          ready,
          started,
          restartCount: runningFor < 7200 ? 1 : 0,
          state: { running: { startedAt: ago(runningFor) } },
        },
      ],
    },
  };
}

/** Another one for every pod of a case, and always the same. */
function addressOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  const number = Array.from(`${namespace}/${name}`, (letter) => letter.charCodeAt(0)).reduce(
    (sum, code) => (sum * 31 + code) % 2 ** 24,
    7,
  );
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}
