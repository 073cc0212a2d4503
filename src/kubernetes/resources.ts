/** How the API server names what a manifest calls by kind. */
export interface ResourceName {
  readonly group: string;
  readonly version: string;
  /** Plural. */
  readonly resource: string;
  readonly namespaced: boolean;
}

const clusterScoped = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'StorageClass',
  'IngressClass',
  'GatewayClass',
  'PriorityClass',
  'PriorityLevelConfiguration',
  'FlowSchema',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'APIService',
  'RuntimeClass',
  'CSIDriver',
  'ClusterIssuer',
]);

/** Kinds whose plural is no rule of English; `Endpoints` is one already. */
const irregular: ReadonlyMap<string, string> = new Map([['Endpoints', 'endpoints']]);

/**
 * Group, version and plural of a kind, by the rule that Kubernetes' own and most custom kinds follow.
 * Needed where there is no API server to ask: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/meta/restmapper.go
 */
export function resourceOf(apiVersion: string, kind: string): ResourceName {
  const slash = apiVersion.indexOf('/');
  return {
    group: slash === -1 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    resource: irregular.get(kind) ?? pluralOf(kind.toLowerCase()),
    namespaced: !clusterScoped.has(kind),
  };
}

function pluralOf(singular: string): string {
  if (/(s|x|ch|sh)$/.test(singular)) return `${singular}es`;
  return /[^aeiou]y$/.test(singular) ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}
