import type { Json, JsonObject } from '../core/json.ts';
import { asText, own } from '../core/json.ts';
import { defaultPullPolicy } from './image.ts';

/**
 * What the normaliser knows about one field of a pod template. A shape is passed through lists to their elements.
 * Sources: pkg/apis/core/v1/defaults.go for values written by the API server, staging/src/k8s.io/api/core/v1/types.go for
 * which fields are omitted when zero (plain values) and which are not (pointers, where `false`, `0` and "" are statements).
 */
export interface Field {
  readonly shape?: Shape;
  /** Values that say no more than the field's absence. For quantities: canonical text. */
  readonly defaults?: ReadonlySet<unknown>;
  /** Like defaults, where the answer depends on the neighbours. */
  readonly isDefault?: (value: Json, owner: JsonObject) => boolean;
  readonly quantity?: true;
  /** `{}` is a statement here: it differs from absence. */
  readonly keepsEmpty?: true;
  /** Never part of what runs. */
  readonly dropped?: true;
}

export interface Shape {
  readonly fields: ReadonlyMap<string, Field>;
  /** For every key that `fields` does not list. */
  readonly others?: Field;
  readonly rewrite?: (object: JsonObject) => JsonObject;
}

/** What a comparison may leave out on purpose. */
export interface Ignore {
  /** Leave out the startupProbe of every container. */
  readonly startupProbes?: boolean;
  /** Leave out the mark that `kubectl rollout restart` sets. */
  readonly restarts?: boolean;
}

export const zeroQuantity = '0n';

const dropped: Field = { dropped: true };
const quantity: Field = { quantity: true };
const keptEmpty: Field = { keepsEmpty: true };
const noText = absent('');
const noFlag = absent(false);

function absent(...values: readonly Json[]): Field {
  return { defaults: new Set<unknown>(values) };
}

function struct(fields: Readonly<Record<string, Field>>, others?: Field): Shape {
  return { fields: new Map(Object.entries(fields)), ...(others && { others }) };
}

function of(shape: Shape): Field {
  return { shape };
}

const quantities = of(struct({}, quantity));
const resources = of(struct({ limits: quantities, requests: quantities }));
const selectors = of(struct({ labelSelector: keptEmpty, namespaceSelector: keptEmpty }));

const httpGet = of(struct({ path: absent('', '/'), scheme: absent('', 'HTTP'), host: noText }));
const tcpSocket = of(struct({ host: noText }));
const lifecycleHandler = of(struct({ httpGet, tcpSocket }, keptEmpty));
const probe = of(
  struct({
    httpGet,
    tcpSocket,
    grpc: of(struct({ service: noText })),
    initialDelaySeconds: absent(0),
    timeoutSeconds: absent(0, 1),
    periodSeconds: absent(0, 10),
    successThreshold: absent(0, 1),
    failureThreshold: absent(0, 3),
  }),
);

const fieldRef = of(struct({ apiVersion: absent('', 'v1') }));
const resourceFieldRef = of(
  struct({ containerName: noText, divisor: { quantity: true, defaults: new Set<unknown>([zeroQuantity]) } }),
);
const env = of(struct({ value: noText, valueFrom: of(struct({ fieldRef, resourceFieldRef })) }));
const ports = of(struct({ protocol: absent('', 'TCP'), name: noText, hostIP: noText, hostPort: absent(0) }));
const volumeMounts = of(struct({ readOnly: noFlag, subPath: noText, subPathExpr: noText }));

function container(ignore: Ignore): Field {
  return of(
    struct({
      imagePullPolicy: { isDefault: isDefaultPullPolicy },
      terminationMessagePath: absent('', '/dev/termination-log'),
      terminationMessagePolicy: absent('', 'File'),
      workingDir: noText,
      stdin: noFlag,
      stdinOnce: noFlag,
      tty: noFlag,
      env,
      envFrom: of(struct({ prefix: noText }, keptEmpty)),
      ports,
      volumeMounts,
      resources,
      // An empty container value overrides what the pod says.
      securityContext: of(struct({ seLinuxOptions: keptEmpty })),
      lifecycle: of(struct({ postStart: lifecycleHandler, preStop: lifecycleHandler })),
      livenessProbe: probe,
      readinessProbe: probe,
      startupProbe: ignore.startupProbes === true ? dropped : probe,
    }),
  );
}

function isDefaultPullPolicy(value: Json, owner: JsonObject): boolean {
  return value === '' || value === defaultPullPolicy(asText(own(owner, 'image')) ?? '');
}

const fileMode = absent(420);
const items = of(struct({ fieldRef, resourceFieldRef }));
const source = (fields: Readonly<Record<string, Field>>): Field => ({ shape: struct(fields), keepsEmpty: true });
const readOnlySource = source({ readOnly: noFlag, fsType: noText });
const token = source({ audience: noText, expirationSeconds: absent(3600) });
const claim = struct({ volumeMode: absent('Filesystem'), resources, selector: keptEmpty });

const volumes: Shape = {
  ...struct(
    {
      emptyDir: source({ medium: noText, sizeLimit: quantity }),
      secret: source({ secretName: noText, defaultMode: fileMode }),
      configMap: source({ name: noText, defaultMode: fileMode }),
      downwardAPI: source({ items, defaultMode: fileMode }),
      projected: source({
        defaultMode: fileMode,
        sources: of(
          struct(
            {
              serviceAccountToken: token,
              downwardAPI: source({ items }),
              clusterTrustBundle: source({ labelSelector: keptEmpty }),
            },
            keptEmpty,
          ),
        ),
      }),
      hostPath: source({ type: noText }),
      persistentVolumeClaim: source({ readOnly: noFlag }),
      ephemeral: source({
        volumeClaimTemplate: of(struct({ metadata: of(struct({ creationTimestamp: dropped })), spec: of(claim) })),
      }),
      nfs: readOnlySource,
      cephfs: readOnlySource,
      glusterfs: readOnlySource,
      gcePersistentDisk: readOnlySource,
      awsElasticBlockStore: readOnlySource,
      iscsi: source({ iscsiInterface: absent('', 'default'), readOnly: noFlag, fsType: noText }),
      rbd: source({
        pool: absent('', 'rbd'),
        user: absent('', 'admin'),
        keyring: absent('', '/etc/ceph/keyring'),
        readOnly: noFlag,
        fsType: noText,
      }),
      azureDisk: source({
        cachingMode: absent('ReadWrite'),
        kind: absent('Shared'),
        fsType: absent('ext4'),
        readOnly: noFlag,
      }),
      scaleIO: source({ storageMode: absent('', 'ThinProvisioned'), fsType: absent('', 'xfs'), readOnly: noFlag }),
    },
    keptEmpty,
  ),
  rewrite: withVolumeSource,
};

/** The API server turns a volume without any source into an emptyDir. */
function withVolumeSource(volume: JsonObject): JsonObject {
  const named = Object.keys(volume).some((key) => key !== 'name' && (volume[key] ?? null) !== null);
  return named ? volume : { ...volume, emptyDir: {} };
}

/** The API server keeps both spellings equal; where they differ, the newer one wins. */
function withServiceAccountName(spec: JsonObject): JsonObject {
  const deprecated = own(spec, 'serviceAccount');
  if (deprecated === undefined) return spec;
  const name = own(spec, 'serviceAccountName') ?? '';
  return { ...spec, serviceAccount: undefined, serviceAccountName: name === '' ? deprecated : name };
}

const preferredTerms = of(struct({ podAffinityTerm: selectors }));
const podTerms = of(
  struct({
    requiredDuringSchedulingIgnoredDuringExecution: selectors,
    preferredDuringSchedulingIgnoredDuringExecution: preferredTerms,
  }),
);

function podSpec(ignore: Ignore): Shape {
  const containers = container(ignore);
  const fields = struct({
    containers,
    initContainers: containers,
    volumes: of(volumes),
    affinity: of(struct({ podAffinity: podTerms, podAntiAffinity: podTerms })),
    topologySpreadConstraints: selectors,
    overhead: quantities,
    resources,
    restartPolicy: absent('', 'Always'),
    dnsPolicy: absent('', 'ClusterFirst'),
    schedulerName: absent('', 'default-scheduler'),
    terminationGracePeriodSeconds: absent(30),
    enableServiceLinks: absent(true),
    serviceAccountName: noText,
    hostNetwork: noFlag,
    hostPID: noFlag,
    hostIPC: noFlag,
    nodeName: noText,
    hostname: noText,
    subdomain: noText,
    priorityClassName: noText,
  });
  return { ...fields, rewrite: withServiceAccountName };
}

/** The shape of a whole pod template. */
export function templateShape(ignore: Ignore): Field {
  const metadata = struct({
    creationTimestamp: dropped,
    // Written by the controllers onto the templates of their ReplicaSets.
    labels: of(struct({ 'pod-template-hash': dropped, 'rollouts-pod-template-hash': dropped })),
    ...(ignore.restarts === true && { annotations: of(struct({ 'kubectl.kubernetes.io/restartedAt': dropped })) }),
  });
  return of(struct({ metadata: of(metadata), spec: of(podSpec(ignore)) }));
}
