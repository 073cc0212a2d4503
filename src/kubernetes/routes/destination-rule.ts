import { asList, asObject, asText, at, own, textEntries, type JsonObject } from '../../core/json.ts';
import type { DestinationRuleObject, Labels, Subset } from '../../core/objects.ts';
import { mostHostCharacters, serviceOfHost } from './host.ts';
import { metadataOf, textsOf } from './metadata.ts';

/** A DestinationRule of any served version, all of which have one schema; undefined without a name. */
export function destinationRule(object: JsonObject): DestinationRuleObject | undefined {
  const metadata = metadataOf(object);
  if (metadata === undefined) return undefined;
  const spec = own(object, 'spec');
  return {
    ...metadata,
    host: asText(own(spec, 'host')) ?? '',
    subsets: asList(own(spec, 'subsets')).flatMap(subsetOf),
    exportTo: textsOf(object, 'exportTo'),
    forSomeClients: asObject(own(spec, 'workloadSelector')) !== undefined,
  };
}

function subsetOf(subset: unknown): readonly Subset[] {
  const name = asText(own(subset, 'name')) ?? '';
  return name === '' ? [] : [{ name, labels: new Map(textEntries(at(subset, 'labels'))) }];
}

/**
 * The subsets that the DestinationRules of one namespace define for a Service; undefined when none is about it.
 * The most specific host wins. Rules of the same host are merged, the oldest first, and of two subsets of one name the first is
 * kept: mergeDestinationRule in https://github.com/istio/istio/blob/master/pilot/pkg/model/destination_rule.go.
 * Rules with a workloadSelector hold for some clients, and which ones is not known here: they only add what nobody else defines.
 */
export function subsetsFor(
  rules: readonly DestinationRuleObject[],
  serviceNamespace: string,
  serviceName: string,
): ReadonlyMap<string, Labels> | undefined {
  const about = rules.flatMap((rule) => {
    const rank = specificity(rule, serviceNamespace, serviceName);
    return rank === undefined ? [] : [{ rule, rank }];
  });
  if (about.length === 0) return undefined;
  const best = (some: typeof about): readonly DestinationRuleObject[] => {
    const highest = some.reduce((most, { rank }) => Math.max(most, rank), -Infinity);
    return some.filter(({ rank }) => rank === highest).map(({ rule }) => rule);
  };
  const forAll = best(about.filter(({ rule }) => !rule.forSomeClients)).toSorted(byAge);
  const forSome = best(about.filter(({ rule }) => rule.forSomeClients)).toSorted(byAge);
  const subsets = new Map<string, Labels>();
  for (const { name, labels } of [...forAll, ...forSome].flatMap((rule) => rule.subsets)) {
    if (!subsets.has(name)) subsets.set(name, labels);
  }
  return subsets;
}

/** RFC 3339 in UTC sorts as text. Without a time the object is not stored yet, so it is the youngest. */
function byAge(one: DestinationRuleObject, other: DestinationRuleObject): number {
  const age = ({ createdAt }: DestinationRuleObject): string => (createdAt === '' ? '~' : createdAt);
  return compare(age(one), age(other)) || compare(one.name, other.name);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Greater is more specific; undefined when the rule is not about the Service. Equal for hosts that are the same only. */
function specificity(rule: DestinationRuleObject, namespace: string, name: string): number | undefined {
  if (rule.host.startsWith('*')) return wildcardSpecificity(rule.host.slice(1).toLowerCase(), namespace, name);
  const meaning = serviceOfHost(rule.host, rule.namespace);
  if (meaning.kind === 'external' || meaning.namespace !== namespace || meaning.name !== name) return undefined;
  return meaning.doubtful ? specificityOf.doubtful : specificityOf.exact;
}

const specificityOf = { doubtful: -1, anything: 0, inSvc: 100, exact: Infinity };
/** Suffixes of the usual cluster domain: they take in every Service. */
const ofDomain = ['', '.local', '.cluster.local', 'cluster.local'];

/**
 * A wildcard is a suffix of the full name `name.namespace.svc.<cluster domain>` (Matches in
 * https://github.com/istio/istio/blob/master/pkg/config/host/name.go). The domain is not known here: what stands after `.svc`
 * may be any, and without `.svc` only the usual one is recognised.
 */
function wildcardSpecificity(suffix: string, namespace: string, name: string): number | undefined {
  if (suffix.length > mostHostCharacters) return undefined;
  const head = /^(.*)\.svc(?:\..*)?$/.exec(suffix)?.[1];
  if (head !== undefined) return `${name}.${namespace}`.endsWith(head) ? specificityOf.inSvc + head.length : undefined;
  return ofDomain.includes(suffix) ? specificityOf.anything + suffix.length : undefined;
}

/** Whether a host with a wildcard stands for a Service, by its full name. */
export function isUnderWildcard(host: string, namespace: string, name: string): boolean {
  return host.startsWith('*') && wildcardSpecificity(host.slice(1).toLowerCase(), namespace, name) !== undefined;
}

/** Whether a host with a wildcard may stand for any Service at all. */
export function mayBeInCluster(host: string): boolean {
  const suffix = host.slice(1).toLowerCase();
  return ofDomain.includes(suffix) || /\.svc(?:\.|$)/.test(suffix);
}

/** AugmentLabels in https://github.com/istio/istio/blob/master/pilot/pkg/serviceregistry/util/label/label.go. */
const augmented = /^(?:topology\.(?:kubernetes|istio)\.io\/|failure-domain\.beta\.kubernetes\.io\/|kubernetes\.io\/hostname$)/;

/** Whether a subset asks for labels that istiod takes from the node, the cluster or the network: pods do not carry them. */
export function cannotJudgeLabels(labels: Labels): boolean {
  return [...labels.keys()].some((key) => augmented.test(key));
}
