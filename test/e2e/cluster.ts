import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import t from 'tap';
import { parse } from 'yaml';
import { eventually } from '../controlplane/eventually.ts';
import { installWebhook, type Installation, type InstallationOptions } from '../controlplane/installation.ts';
import { startPlane, type Plane, type PlaneOptions } from '../controlplane/plane.ts';

export const namespace = 'prod-eu-central';

/** What the story's Deployment is stored with. */
export const storyProbe = {
  httpGet: { path: '/health/ready', port: 8080, scheme: 'HTTP' },
  periodSeconds: 10,
  failureThreshold: 30,
  timeoutSeconds: 5,
  successThreshold: 1,
};

export interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly StoredContainer[] } };
  };
  readonly status?: { readonly readyReplicas?: number; readonly replicas?: number; readonly updatedReplicas?: number };
}

export interface StoredContainer {
  readonly name: string;
  readonly image: string;
  readonly startupProbe?: Readonly<Record<string, unknown>>;
}

/** A plane with the story's namespace, and the webhook on it; all of it is gone when the test ends. */
export async function startCluster(
  options: PlaneOptions & InstallationOptions & { readonly install?: boolean } = {},
): Promise<{ readonly plane: Plane; readonly installation: Installation }> {
  const plane = await startPlane(options);
  t.teardown(() => plane.stop());
  await plane.createNamespace(namespace);
  const installation = await installWebhook(plane, options);
  t.teardown(() => installation.stop());
  return { plane, installation };
}

type Change = (manifest: Manifest) => void;

/** A Deployment as an author writes it: loosely typed on purpose, tests change what they like. */
export interface Manifest {
  metadata: {
    name: string;
    namespace: string;
    uid?: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  spec: {
    replicas: number;
    paused?: boolean;
    selector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
      spec: { containers: Record<string, unknown>[] };
    };
  };
}

/** The story's Deployment under a name of its own. */
export function deployment(name: string, ...changes: readonly Change[]): Manifest {
  const manifest = parse(readFileSync(join(import.meta.dirname, '../objects/checkout-api.yaml'), 'utf8')) as Manifest;
  delete manifest.metadata.uid;
  manifest.metadata.name = name;
  manifest.spec.selector.matchLabels = { app: name };
  manifest.spec.template.metadata.labels = { app: name };
  for (const change of changes) change(manifest);
  return manifest;
}

export const withImage =
  (tag: string): Change =>
  ({ spec }) => {
    spec.template.spec.containers[0]!['image'] = `registry.example/checkout-api:${tag}`;
  };

/** Pods get ready so much later than they start. */
export const slow =
  (delay: string): Change =>
  ({ spec }) => {
    spec.template.metadata.annotations = { 'pod-ready.stage.kwok.x-k8s.io/delay': delay };
  };

export const onPort =
  (port: number): Change =>
  ({ spec }) => {
    for (const probe of ['livenessProbe', 'readinessProbe']) {
      (spec.template.spec.containers[0]![probe] as { httpGet: { port: number } }).httpGet.port = port;
    }
  };

/** What tests ask about one Deployment. */
export function watching(
  plane: Plane,
  name: string,
): {
  readonly stored: () => Promise<Stored>;
  readonly probe: () => Promise<StoredContainer['startupProbe']>;
  readonly replicaSets: () => Promise<readonly Stored[]>;
  readonly podUids: () => Promise<readonly string[]>;
  readonly rolledOut: () => Promise<void>;
} {
  const selector = `app=${name}`;
  const stored = (): Promise<Stored> => plane.get<Stored>('deployment', name, namespace);
  return {
    stored,
    probe: async () => (await stored()).spec.template.spec.containers[0]!.startupProbe,
    replicaSets: () => plane.list<Stored>('replicasets', namespace, selector),
    podUids: async () => (await plane.list<Stored>('pods', namespace, selector)).map(({ metadata }) => metadata.uid).toSorted(),
    rolledOut: async () => {
      await plane.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s'], { namespace });
      await eventually(
        async () => {
          const { spec, status } = await stored();
          const pods = await plane.list<Stored>('pods', namespace, selector);
          return status?.readyReplicas === spec.replicas && pods.length === spec.replicas;
        },
        { what: `${name} to have its pods and no others`, timeoutMs: 60_000 },
      );
    },
  };
}

/** What the schema of docs/audit-log.md has against a line; undefined when it is as described. */
export function auditFaults(): (line: unknown) => string | undefined {
  const page = readFileSync(join(import.meta.dirname, '../../docs/audit-log.md'), 'utf8');
  const schema = /```json\n(\{[\s\S]*?\n\})\n```/.exec(page)?.[1] ?? '';
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const valid = ajv.compile(JSON.parse(schema) as object);
  return (line) => (valid(line) ? undefined : JSON.stringify(valid.errors));
}
