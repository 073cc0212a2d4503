import { findingSpec } from '../../core/finding.ts';
import { cold, counted, moved, step, type OfGain, type OfStep, type UndefinedSubset } from './details.ts';
import { reasons } from './reasons.ts';

/** What passes now, how to get there, and how to go on regardless. No command is followed by a full stop: it would be copied. */
function nextOf(detail: OfGain): string {
  return `Largest share now: ${detail.maxAllowedPercent}%. ${waitFor(detail)}, or ${regardless(detail)}`;
}

function waitFor(detail: OfGain): string {
  const { warmInSeconds, namespace, workload, selector, desired, needed, autoscaled } = detail;
  if (warmInSeconds !== undefined && warmInSeconds > 0) return `Retry in ${warmInSeconds} s`;
  if (desired < needed && autoscaled) return 'Retry with more pods (raise minReplicas of its HorizontalPodAutoscaler)';
  // `kubectl rollout status` and `scale` are about a whole Rollout: its stable pods, too.
  if (!workload.startsWith('deployment/')) return `Retry when ready (kubectl get -n ${namespace} ${selector})`;
  if (desired < needed) return `Retry with more pods (kubectl scale -n ${namespace} ${workload} --replicas=${needed})`;
  return `Retry when ready (kubectl rollout status -n ${namespace} ${workload})`;
}

/** The strictest mode of all of these holds, so all of them must yield. */
function regardless({ namespaces }: { readonly namespaces: readonly string[] }): string {
  return `at your own risk: kubectl label ns ${namespaces.join(' ')} --overwrite rollback-bouncer.dev/weight-jump=warn`;
}

const gainRemedy = 'Wait for the pods, scale the workload, or take the largest share that the message names.';

const risks = {
  'target-no-ready-endpoints': findingSpec<OfGain>({
    effect: 'deny',
    means:
      'The destination gets more traffic and has no pod that takes requests. A mesh does not fall back to another subset: ' +
      'its share is answered with 503. A warning with `multiCluster`.',
    remedy: gainRemedy,
    say: (detail) => `${step(detail)} ${counted(detail)}`,
    next: nextOf,
  }),
  'target-undersized': findingSpec<OfGain>({
    effect: 'deny',
    means:
      'Fewer ready pods than the new share needs, measured by those that carry the traffic now. A warning towards a marked last known ' +
      'good, on a first CREATE, and between half and all of what is needed where half is enough.',
    remedy: gainRemedy,
    say: (detail) => `${step(detail)} ${counted(detail)}`,
    next: nextOf,
  }),
  'target-cold': findingSpec<OfGain>({
    effect: 'deny',
    means:
      'Enough pods are ready, but too few of them for long enough: a JVM that has just started answers slowly or not at all under load. ' +
      'Asked only above `warmAbovePercent`.',
    remedy: gainRemedy,
    say: (detail) => `${step(detail)} ${cold(detail)}`,
    next: nextOf,
  }),
  'subset-undefined': findingSpec<OfStep & UndefinedSubset>({
    effect: 'deny',
    means:
      'No DestinationRule defines the subset, so its share is answered with 503. Where nobody is served now it is `nothing-ready-anywhere`; with weight 0 a warning.',
    remedy: 'Apply the DestinationRule first, then the VirtualService.',
    say: (detail) => `${step(detail)}: no DestinationRule defines that subset`,
    next: ({ namespace, service, defined }) =>
      `${defined === '' ? `Service ${service} has no subsets` : `Defined: ${defined}`}. Apply the DestinationRule first. ` +
      `See: kubectl get destinationrules -n ${namespace}`,
  }),
  'service-missing': findingSpec<OfStep & { readonly namespace: string; readonly service: string }>({
    effect: 'deny',
    means: 'The destination names a Service that does not exist. Where nobody is served now it is `nothing-ready-anywhere`.',
    remedy: 'Correct the host, or create the Service first.',
    say: (detail) => `${step(detail)}: Service ${detail.namespace}/${detail.service} does not exist`,
    next: ({ namespace }) => `Correct the host, or create the Service first. See: kubectl get services -n ${namespace}`,
  }),
  'subset-repointed': findingSpec<OfGain & { readonly reason: string }>({
    effect: 'deny',
    means:
      'A subset that carries traffic gets other labels, so its whole share moves to other pods at once, and those are not fit for it; ' +
      '`reason` in the detail says why.',
    remedy: 'Wait for the new pods, or move the weight step by step to a new subset.',
    say: (detail) => `${moved(detail)} ${detail.reason === 'target-cold' ? cold(detail) : counted(detail)}`,
    next: (detail) => `${waitFor(detail)}, or ${regardless(detail)}`,
  }),
  'subset-in-use': findingSpec<{
    readonly object: string;
    readonly subset: string;
    readonly route: string;
    readonly namespaces: readonly string[];
    readonly percent: number;
    readonly ready: number;
  }>({
    effect: 'deny',
    means:
      'A subset goes that a route still sends traffic to: its share would be answered with 503. A warning when nobody serves it.',
    remedy: 'Shift the traffic away first, then remove the subset.',
    say: ({ object, subset, route, percent, ready }) =>
      `${object}: subset ${subset} carries ${percent}% of ${route} (${ready} ready pods)`,
    next: (detail) => `Shift the traffic away first, or ${regardless(detail)}`,
  }),
  'targeted-route': findingSpec<OfStep & { readonly reason: string }>({
    effect: 'warn',
    means:
      'The rule concerns only requests that its author singled out (a header, a cookie, a source): what would be denied is a warning.',
    remedy: 'Nothing to do when those are testers.',
    say: (detail) => `${step(detail)}: ${detail.reason}, but targeted`,
  }),
  'ladder-skip': findingSpec<OfStep & { readonly rungPercent: number }>({
    effect: 'warn',
    means: 'The share leaves out a rung of the ladder (1, 10, 50, 100 percent).',
    remedy: 'Stop at the next rung and look at errors and latency.',
    say: (detail) => `${step(detail)} skips the rung at ${detail.rungPercent}%`,
  }),
  'ladder-dwell': findingSpec<OfStep & { readonly seconds: number; readonly dwellSeconds: number }>({
    effect: 'warn',
    means: 'The share grows again sooner than `dwellSeconds` after the last change of the route.',
    remedy: 'Wait, and look at errors and latency.',
    say: (detail) => `${step(detail)} after ${detail.seconds} s; stay ${detail.dwellSeconds} s on a rung`,
  }),
  'source-broken': findingSpec<OfGain>({
    effect: 'warn',
    means:
      'The destination is too small or too cold, but who carries the traffic now has less than half of its pods ready: it may only get better.',
    remedy: 'Watch the destination; scale it.',
    say: (detail) => `${step(detail)}: ${detail.ready} ready pods (${detail.needed} needed); the source is broken`,
  }),
  'nothing-ready-anywhere': findingSpec<OfStep & { readonly why: string }>({
    effect: 'warn',
    means: 'The destination has no ready pod, and nobody is known to serve that traffic: nothing is lost by it.',
    remedy: 'Wait for the pods.',
    say: (detail) => `${step(detail)}: no ready pod there, nor beside it (${detail.why})`,
  }),
  'cannot-judge': findingSpec<OfStep & { readonly why: string }>({
    effect: 'warn',
    means: 'What is behind the destination cannot be counted from here.',
    remedy: 'Look at it before you shift.',
    say: (detail) => `${step(detail)} not judged: ${detail.why}`,
  }),
  'odd-rule': findingSpec<{ readonly object: string; readonly rule: string; readonly why: string }>({
    effect: 'warn',
    means: 'A rule cannot be read: a weight that is no whole number from 0 to 2147483647, or a delegate that cannot be followed.',
    remedy: 'Correct the rule.',
    say: ({ object, rule, why }) => `${object} ${rule} not judged: ${why}`,
  }),
  'too-many-rules': findingSpec<{ readonly object: string; readonly before: number; readonly after: number }>({
    effect: 'deny',
    means:
      'So many rules changed their places, or so many parts of the traffic move, that they cannot be judged while others wait.',
    remedy: 'Change the route in smaller steps, or split it.',
    say: ({ object, before, after }) => `${object}: too many rules change at once (${before} and ${after}) to be judged`,
    next: () => 'Change it in smaller steps',
  }),
  'all-zero-weights': findingSpec<{ readonly object: string; readonly rule: string }>({
    effect: 'warn',
    means: 'All weights of the rule are 0. Istio refuses such a rule, and what it had accepted before goes on.',
    remedy: 'Give at least one destination a weight.',
    say: ({ object, rule }) => `${object} ${rule}: all weights are 0; Istio refuses it`,
  }),
  'shadowed-route': findingSpec<{ readonly object: string; readonly rule: string; readonly by: string }>({
    effect: 'warn',
    means: 'The route, or a rule of it, serves nobody: another one takes its traffic first, or no client may see it.',
    remedy: 'Change the one that serves.',
    say: ({ object, rule, by }) => `${object}${rule === '' ? '' : ` ${rule}`} ${by}`,
  }),
  'doubtful-host': findingSpec<OfStep>({
    effect: 'warn',
    means: 'A host with one dot (`name.namespace`) is no short name for Istio: it is looked up as it is, and usually not found.',
    remedy: 'Write name.namespace.svc.cluster.local.',
    say: (detail) => `${step(detail)}: Istio does not expand a host like name.namespace`,
  }),
  'annotation-ignored': findingSpec<{
    readonly workload: string;
    readonly namespace: string;
    readonly annotation: string;
    readonly why: string;
    readonly write: string;
  }>({
    effect: 'warn',
    means: 'An annotation of ours on the workload behind the destination cannot be read, or has expired. It is ignored.',
    remedy: 'Write it as the message says.',
    say: ({ workload, annotation, why }) => `${workload}: ${annotation.replace('rollback-bouncer.dev/', '')} ignored, ${why}`,
    paste: ({ annotation, write }) => `${annotation}: "${write}"`,
  }),
  'route-deleted': findingSpec<{ readonly object: string; readonly where: string; readonly shares: string }>({
    effect: 'warn',
    means:
      'The route goes. Its traffic falls back to all pods of the plain Service, by their number; or, at a gateway, to nobody.',
    remedy: 'Check where the traffic goes.',
    say: ({ object, where, shares }) => `${object} goes: ${where}${shares === '' ? ' loses its route' : ` gets ${shares}`}`,
  }),
};

export const findings = { ...risks, ...reasons };
