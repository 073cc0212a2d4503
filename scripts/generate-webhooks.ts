import type { Policy } from '../src/core/policy.ts';
import type { Operation, Phase } from '../src/core/request.ts';
import {
  apiVersions,
  clusterScoped,
  entries,
  names,
  resourcesOf,
  scaleToZero,
  type LabelRequirement,
  type WebhookEntry,
} from './webhook-entries.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly Operation[];
  readonly resources: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
}

export interface Webhook {
  readonly name: string;
  readonly admissionReviewVersions: readonly ['v1'];
  readonly clientConfig: { readonly service: Readonly<Record<string, string | number>> };
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly matchPolicy: 'Equivalent';
  readonly reinvocationPolicy?: 'IfNeeded';
  readonly sideEffects: 'NoneOnDryRun';
  readonly timeoutSeconds: number;
  readonly namespaceSelector: { readonly matchExpressions: readonly LabelRequirement[] };
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly rules: readonly Rule[];
}

const configurationKinds = { mutate: 'MutatingWebhookConfiguration', validate: 'ValidatingWebhookConfiguration' } as const;

/** The webhook configuration of one phase, or undefined when no policy has a part in it. */
export function webhookConfiguration(phase: Phase, policies: readonly Policy[]): object | undefined {
  const webhooks = webhooksOf(phase, policies);
  if (webhooks.length === 0) return undefined;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: configurationKinds[phase],
    metadata: {
      name: 'rollback-bouncer',
      annotations: { 'cert-manager.io/inject-ca-from': `${names.namespace}/${names.caCertificate}` },
    },
    webhooks,
  };
}

/** A strategic merge patch for the webhooks of a configuration, so that overlays never count on their order. */
export function webhookPatch(
  phase: Phase,
  policies: readonly Policy[],
  change: (entry: WebhookEntry) => object | undefined,
): object | undefined {
  const present = new Set(webhooksOf(phase, policies).map(({ name }) => name));
  const webhooks = entries.flatMap((entry) => {
    const changed = present.has(entry.name) ? change(entry) : undefined;
    return changed === undefined ? [] : [{ name: entry.name, ...changed }];
  });
  if (webhooks.length === 0) return undefined;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: configurationKinds[phase],
    metadata: { name: 'rollback-bouncer' },
    webhooks,
  };
}

/** No mode label keeps anything away; the exclusions by name stay. */
export function withoutModeLabels(entry: WebhookEntry): object | undefined {
  if (entry.strict === 'drop') return { $patch: 'delete' };
  return entry.modes && { namespaceSelector: { matchExpressions: [byName(entry)] } };
}

export function failingOpen(entry: WebhookEntry): object | undefined {
  return entry.failurePolicy === 'Ignore' ? undefined : { failurePolicy: 'Ignore' };
}

export function webhooksOf(phase: Phase, policies: readonly Policy[]): readonly Webhook[] {
  const operations = operationsByResource(phase, policies);
  for (const resource of operations.keys()) {
    if (!entries.some((entry) => entry.phase === phase && entry.takes(resource)))
      throw new Error(`${resource} is matched in phase ${phase} but no entry of scripts/webhook-entries.ts takes it`);
  }
  return entries.flatMap((entry) => {
    const taken = new Map([...operations].filter(([resource]) => entry.phase === phase && entry.takes(resource)));
    return taken.size === 0 ? [] : [webhook(entry, taken)];
  });
}

function webhook(entry: WebhookEntry, taken: ReadonlyMap<string, ReadonlySet<Operation>>): Webhook {
  const { namespace, service: name } = names;
  const scales = [...taken.keys()].some((resource) => resource.endsWith('/scale'));
  return {
    name: entry.name,
    admissionReviewVersions: ['v1'],
    clientConfig: { service: { name, namespace, path: `/${entry.phase}`, port: 443 } },
    failurePolicy: entry.failurePolicy,
    matchPolicy: 'Equivalent',
    ...(entry.phase === 'mutate' ? { reinvocationPolicy: 'IfNeeded' as const } : {}),
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: entry.timeoutSeconds,
    namespaceSelector: { matchExpressions: [byName(entry), ...(entry.modes ? [entry.modes] : [])] },
    ...(scales ? { matchConditions: [scaleToZero] } : {}),
    rules: rulesOf(taken),
  };
}

function byName({ excludedNamespaces }: WebhookEntry): LabelRequirement {
  return { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excludedNamespaces };
}

function operationsByResource(phase: Phase, policies: readonly Policy[]): ReadonlyMap<string, ReadonlySet<Operation>> {
  const result = new Map<string, Set<Operation>>();
  for (const match of policies.filter(({ phases }) => phases.includes(phase)).flatMap(({ matches }) => matches)) {
    for (const resource of resourcesOf(match)) {
      const known = result.get(resource) ?? new Set();
      for (const operation of match.operations) known.add(operation);
      result.set(resource, known);
    }
  }
  return result;
}

/** One rule per group, scope and set of operations: a rule that joined them would ask for more than the policies do. */
function rulesOf(taken: ReadonlyMap<string, ReadonlySet<Operation>>): readonly Rule[] {
  const rules = new Map<string, Rule>();
  for (const [resource, operations] of [...taken].sort(([a], [b]) => compare(a, b))) {
    const slash = resource.indexOf('/');
    const group = resource.slice(0, slash);
    const rule = {
      apiGroups: [group],
      apiVersions: versionsOf(group),
      operations: [...operations].sort(compare),
      scope: clusterScoped.has(resource) ? ('Cluster' as const) : ('Namespaced' as const),
    };
    const key = JSON.stringify(rule);
    rules.set(key, { ...rule, resources: [...(rules.get(key)?.resources ?? []), resource.slice(slash + 1)] });
  }
  return [...rules].sort(([a], [b]) => compare(a, b)).map(([, rule]) => rule);
}

function versionsOf(group: string): readonly string[] {
  const versions = apiVersions[group];
  if (versions === undefined) throw new Error(`scripts/webhook-entries.ts names no versions for group '${group}'`);
  return versions;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
