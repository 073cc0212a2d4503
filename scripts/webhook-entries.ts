import type { Match } from '../src/core/policy.ts';
import type { Phase } from '../src/core/request.ts';

/** Names that the manifests and the webhook configurations must agree on. */
export const names = {
  namespace: 'rollback-bouncer',
  service: 'rollback-bouncer-webhook',
  caCertificate: 'rollback-bouncer-ca',
} as const;

/**
 * Versions in which a group's rules ask for its objects.
 * Built-in groups name one: with matchPolicy Equivalent the API server converts every other served version to it, so policies see one shape.
 * Groups of CRDs name all that are in use, because a rule for a version that a cluster does not serve selects nothing there.
 */
export const apiVersions: Readonly<Record<string, readonly string[]>> = {
  '': ['v1'],
  apps: ['v1'],
  'argoproj.io': ['v1alpha1'],
  'gateway.networking.k8s.io': ['v1', 'v1beta1'],
  'networking.istio.io': ['v1', 'v1alpha3', 'v1beta1'],
  'networking.k8s.io': ['v1'],
};

/** Resources that live outside namespaces; their rules say so, and the namespace selectors mean the namespace itself. */
export const clusterScoped: ReadonlySet<string> = new Set(['/namespaces', '/namespaces/status']);

const workloads: ReadonlySet<string> = new Set([
  'apps/daemonsets',
  'apps/deployments',
  'apps/deployments/scale',
  'apps/statefulsets',
  'apps/statefulsets/scale',
  'argoproj.io/rollouts',
  'argoproj.io/rollouts/scale',
]);

/**
 * What decides where requests go, by API. A group that is not in `apiVersions` yet must be added there, too.
 * Which operations are sent follows from the policies, as for every entry.
 */
const routes: ReadonlySet<string> = new Set([
  // Istio
  'networking.istio.io/destinationrules',
  'networking.istio.io/virtualservices',
]);

const system = ['kube-node-lease', 'kube-public', 'kube-system', names.namespace];
const modeLabel = 'rollback-bouncer.dev/mode';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn';
  readonly values: readonly string[];
}

export interface WebhookEntry {
  readonly name: string;
  readonly phase: Phase;
  /** Does this entry carry requests for `group/resource[/subresource]`? */
  readonly takes: (resource: string) => boolean;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly timeoutSeconds: number;
  readonly excludedNamespaces: readonly string[];
  /** Which mode labels of a namespace send its requests here; strict installations drop it. */
  readonly modes?: LabelRequirement;
  /** Without mode labels another entry carries everything that this one carries. */
  readonly strict: 'keep' | 'drop';
}

const isWorkload = (resource: string): boolean => workloads.has(resource);
const isRoute = (resource: string): boolean => routes.has(resource);
const workloadExclusions = ['cert-manager', ...system];

/** Every webhook entry there may be. One without a policy that matches something in it is not written. */
export const entries: readonly WebhookEntry[] = [
  {
    name: 'mutate.rollback-bouncer.dev',
    phase: 'mutate',
    takes: isWorkload,
    failurePolicy: 'Ignore',
    timeoutSeconds: 3,
    excludedNamespaces: workloadExclusions,
    modes: { key: modeLabel, operator: 'NotIn', values: ['off'] },
    strict: 'keep',
  },
  {
    name: 'enforce.rollback-bouncer.dev',
    phase: 'validate',
    takes: isWorkload,
    failurePolicy: 'Fail',
    timeoutSeconds: 5,
    excludedNamespaces: workloadExclusions,
    modes: { key: modeLabel, operator: 'NotIn', values: ['audit', 'off', 'warn'] },
    strict: 'keep',
  },
  {
    name: 'observe.rollback-bouncer.dev',
    phase: 'validate',
    takes: isWorkload,
    failurePolicy: 'Ignore',
    timeoutSeconds: 2,
    excludedNamespaces: workloadExclusions,
    modes: { key: modeLabel, operator: 'In', values: ['audit', 'warn'] },
    strict: 'drop',
  },
  {
    // Whatever the mode label of its namespace says, a route may send requests to pods of another.
    name: 'routes.rollback-bouncer.dev',
    phase: 'validate',
    takes: isRoute,
    failurePolicy: 'Fail',
    timeoutSeconds: 5,
    excludedNamespaces: system,
    strict: 'keep',
  },
];

/**
 * Writes to a scale subresource arrive only when they go to zero: autoscalers write the others all day.
 * Every step asks for presence first, because a CEL error refuses the request under Fail and skips us under Ignore.
 */
export const scaleToZero = {
  name: 'scale-only-to-zero',
  expression: [
    '!has(request.subResource)',
    "request.subResource != 'scale'",
    'object == null',
    '!has(object.spec)',
    '!has(object.spec.replicas)',
    'object.spec.replicas == 0',
  ].join(' || '),
} as const;

/** `group/resource` of everything a match names, as entries and tables spell it. */
export function resourcesOf(match: Match): readonly string[] {
  return match.resources.map((resource) => `${match.group}/${resource}`);
}
