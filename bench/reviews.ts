import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../src/core/json.ts';
import type { Plane } from '../test/controlplane/plane.ts';
import { reviewOf } from '../test/server/envelope.ts';

export const namespace = 'bench';

/** A Deployment of about the size that real ones have when they are stored. */
export function checkout(tag: string): object {
  const env = Array.from({ length: 20 }, (_, index) => ({
    name: `CHECKOUT_SETTING_${index}`,
    value: `value-${index}-of-a-usual-length`,
  }));
  const mounts = Array.from({ length: 4 }, (_, index) => ({
    name: `config-${index}`,
    mountPath: `/etc/checkout/${index}`,
    readOnly: true,
  }));
  const volumes = Array.from({ length: 4 }, (_, index) => ({
    name: `config-${index}`,
    configMap: { name: `checkout-${index}`, defaultMode: 420 },
  }));
  const get = (path: string): object => ({ httpGet: { path, port: 8080, scheme: 'HTTP' } });
  const container = {
    name: 'checkout-api',
    image: `registry.example/checkout-api:${tag}`,
    imagePullPolicy: 'IfNotPresent',
    env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-XX:MaxRAMPercentage=75' }, ...env],
    ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
    resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '1Gi' } },
    livenessProbe: { ...get('/health/live'), initialDelaySeconds: 15, periodSeconds: 20 },
    readinessProbe: { ...get('/health/ready'), initialDelaySeconds: 5, periodSeconds: 10 },
    volumeMounts: mounts,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'checkout-api', namespace, labels: { app: 'checkout-api', team: 'checkout' } },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'checkout-api' } },
      template: { metadata: { labels: { app: 'checkout-api' } }, spec: { containers: [container], volumes } },
    },
  };
}

/** Reviews as the API server would send them about the stored Deployment; each file is the body of one row. */
export async function writeReviews(
  plane: Plane,
  folder: string,
): Promise<Readonly<Record<'unchanged' | 'patched' | 'create', string>>> {
  const stored = await plane.get<{ spec: { replicas: number } }>('deployment', 'checkout-api', namespace);
  const scaled = structuredClone(stored);
  scaled.spec.replicas = 9;
  const restarted = structuredClone(stored) as unknown as { spec: { template: { metadata: { annotations?: object } } } };
  restarted.spec.template.metadata.annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-11-23T00:00:00Z' };
  return {
    unchanged: write(folder, 'unchanged', review(scaled, stored)),
    patched: write(folder, 'patched', review(restarted, stored)),
    create: write(folder, 'create', checkout('2.0.0')),
  };
}

function review(object: object, oldObject: object): object {
  return reviewOf(
    { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments' },
    updateOf({ name: 'checkout-api', object, oldObject }),
  );
}

/** An UPDATE by kubectl, in the namespace of the bench unless another is given. */
export function updateOf(request: {
  readonly name: string;
  readonly namespace?: string;
  readonly object: object;
  readonly oldObject: object;
}): JsonObject {
  const options = { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl-edit' };
  return { namespace, operation: 'UPDATE', options, ...(request as JsonObject) };
}

/** The body of a row, for bombardier. */
export function write(folder: string, name: string, body: object): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(body));
  return file;
}
