import type { JsonObject } from '../../src/core/json.ts';
import type { AdmissionRequest } from '../../src/core/request.ts';

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid: `uid-${name}`, labels } };
}

export function deployment(name: string, uid: string): JsonObject {
  const selector = { matchLabels: { app: name } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop', uid }, spec: { selector } };
}

export function replicaSet(name: string, controllerUid: string): JsonObject {
  const ownerReferences = [
    { kind: 'Other', name: 'x', uid: 'uid-x' },
    { kind: 'Deployment', name: name.slice(0, -2), uid: controllerUid, controller: true },
  ];
  const annotations = { 'deployment.kubernetes.io/revision': '7' };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations,
      ownerReferences,
    },
    spec: { replicas: 3, template: { spec: { containers: [] } } },
    status: { readyReplicas: 2 },
  };
}

export function request(change: Partial<AdmissionRequest>): AdmissionRequest {
  return {
    uid: 'review',
    operation: 'UPDATE',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    subresource: '',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'cart',
    user: { name: 'ann', groups: [] },
    dryRun: false,
    object: undefined,
    oldObject: undefined,
    ...change,
  };
}
