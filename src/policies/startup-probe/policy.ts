import type { Fact, OwnedReplicaSet } from '../../core/facts.ts';
import { asObject, at, type JsonObject } from '../../core/json.ts';
import { definePolicy, type Circumstances, type Outcome, type Raised } from '../../core/policy.ts';
import type { AdmissionRequest } from '../../core/request.ts';
import { jvmEvidenceOf } from '../../kubernetes/jvm.ts';
import { sameTemplate } from '../../kubernetes/template.ts';
import { appContainers, desiredReplicas, isPaused, podTemplate } from '../../kubernetes/workload.ts';
import { adviceOn } from './advice.ts';
import type { HandlerFrom } from './derive.ts';
import { findings } from './findings.ts';
import { instructionOf, storedInstruction } from './instructions.ts';
import { once, standingProbes } from './ours.ts';
import { alignWith, deriveAll, keepsOurs, patchOf, restoreOurs, withChanges, type Plan, type Subject } from './plan.ts';
import { reportChanges, reportFaults, reportOpen } from './report.ts';

/** More than a node runs of one pod; the API server has validated nothing yet when we are asked. */
const maximumContainers = 256;

export interface StartupProbeConfig {
  readonly handlerFrom: HandlerFrom;
}

type Verdict = Outcome<Raised<typeof findings>, 'ownedReplicaSets'>;

export const startupProbe = definePolicy({
  id: 'startup-probe',
  title: 'Every JVM container has a bouncer',
  phases: ['mutate', 'validate'],
  matches: [{ group: 'apps', resources: ['deployments'], operations: ['CREATE', 'UPDATE'] }],
  needs: ['ownedReplicaSets'],
  defaultMode: 'enforce',
  config: {
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        handlerFrom: {
          enum: ['auto', 'liveness', 'readiness', 'port'],
          description:
            'Which probe of the container gives the handler; `auto` chooses, and takes over where the named one is missing.',
        },
      },
    },
    defaults: { handlerFrom: 'auto' },
  },
  findings,
  whenBlind: { facts: { ownedReplicaSets: 'warn' }, error: 'warn' },
  docs: {
    summary:
      'Adds a startupProbe to containers that run a JVM, so that readiness and liveness begin only when the process has started. ' +
      'Never touches a probe that the author wrote, and never causes a rollout that nobody asked for.',
    why:
      'A cold JVM answers its readiness probe long before it can serve, and a liveness probe tuned for a warm one kills it while it starts. ' +
      'A rollback makes a whole fleet of cold pods at the worst time.',
    limits:
      'Ready is not warm: JIT compilation goes on for minutes. A JVM behind an image, a command and an environment that do not show it ' +
      'is not seen; annotate the pod template with rollback-bouncer.dev/jvm: "true".',
  },
  evaluate,
});

function evaluate(request: AdmissionRequest, circumstances: Circumstances<'ownedReplicaSets', StartupProbeConfig>): Verdict {
  const template = podTemplate(request.object);
  if (template === undefined) return { findings: [], evidence: () => ({ containers: [] }) };
  const annotations = asObject(at(request.object, 'metadata', 'annotations'));
  const seen = once(() => jvmEvidenceOf(template, annotations));
  const evidence = (): JsonObject => ({ containers: seen().map((one): JsonObject => ({ ...one })) });
  const count = appContainers(template).length;
  if (count > maximumContainers)
    return { findings: [{ code: 'too-many-containers', detail: { count }, path: 'spec.template.spec.containers' }], evidence };
  const instruction = instructionOf(request, template);
  if (instruction.kind === 'skip')
    return { findings: [{ code: 'skipped', detail: { reason: instruction.reason }, path: 'metadata.annotations' }], evidence };
  const from = instruction.kind === 'from' ? instruction.from : circumstances.config.handlerFrom;
  const subject = {
    ...standing(request, circumstances.config),
    template,
    kind: request.kind,
    handlerFrom: from,
    isJvm: (index: number): boolean => seen()[index]?.jvm === true,
  };
  const plan = makePlan(request, subject, circumstances);
  if (plan === 'nothing-new') return { findings: [], evidence };
  if (circumstances.phase === 'mutate')
    return plan === 'blind'
      ? { findings: [], blind: [{ fact: 'ownedReplicaSets' }], evidence }
      : { findings: reportChanges(plan, subject), patch: patchOf(request.object, plan.changes), evidence };
  const open = plan === 'blind' ? [] : reportOpen(plan);
  return { findings: [...reportFaults(instruction, template), ...open, ...adviceOn(request, subject)], evidence };
}

/** What stands stored, and how probes of ours are recognised in it. */
function standing(request: AdmissionRequest, config: StartupProbeConfig): Pick<Subject, 'oldTemplate' | 'stored' | 'provenance'> {
  const oldTemplate = request.operation === 'UPDATE' ? podTemplate(request.oldObject) : undefined;
  const before = storedInstruction(request);
  const provenance = {
    kind: request.kind,
    from: [...new Set<HandlerFrom>(['auto', config.handlerFrom, ...(before.kind === 'from' ? [before.from] : [])])],
    workloadAnnotations: asObject(at(request.oldObject, 'metadata', 'annotations')),
  };
  return { oldTemplate, stored: standingProbes(oldTemplate, provenance), provenance };
}

/**
 * The cases of an UPDATE, cheapest first. A template that is what it was is never touched: installing the webhook, scaling,
 * annotating and status writes roll nothing out. Only what is rolled out anyway may be changed.
 */
function makePlan(
  request: AdmissionRequest,
  subject: Subject,
  { facts }: Circumstances<'ownedReplicaSets', StartupProbeConfig>,
): Plan | 'blind' | 'nothing-new' {
  const { template, oldTemplate } = subject;
  if (oldTemplate === undefined) return { changes: deriveAll(subject), origin: '' };
  const unchanged = sameTemplate(oldTemplate, template);
  const resumed = isPaused(request.oldObject) && !isPaused(request.object);
  if (unchanged && !resumed) return 'nothing-new';
  const restored = restoreOurs(subject);
  if (restored.length > 0 && sameTemplate(withChanges(template, restored), oldTemplate))
    return { changes: restored, origin: 'the stored template' };
  return planRollout(request, subject, facts.ownedReplicaSets, unchanged);
}

/** The template rolls out whatever we do; the ReplicaSets tell what of that would be lost. */
function planRollout(
  request: AdmissionRequest,
  subject: Subject,
  replicaSets: Fact<readonly OwnedReplicaSet[]>,
  unchanged: boolean,
): Plan | 'blind' | 'nothing-new' {
  const derived: Plan = { changes: deriveAll(subject), origin: '' };
  if (!replicaSets.known) return derived.changes.length === 0 && !keepsOurs(subject) ? derived : 'blind';
  const owned = replicaSets.value;
  if (unchanged && owned.some(({ template }) => sameTemplate(template, subject.template))) return 'nothing-new';
  return planAgainst(owned, subject, desiredReplicas(request.object)) ?? derived;
}

/** The warmest ReplicaSet with at least half of the desired pods ready that the template can be made equal to. */
function planAgainst(owned: readonly OwnedReplicaSet[], subject: Subject, desiredPods: number): Plan | undefined {
  const enough = Math.max(1, Math.ceil(desiredPods / 2));
  const warm = owned.filter(({ readyPods }) => readyPods >= enough).toSorted((a, b) => b.readyPods - a.readyPods);
  for (const replicaSet of warm) {
    const changes = alignWith(replicaSet, subject);
    if (changes !== undefined) return { changes, warm: { replicaSet, desiredPods }, origin: `ReplicaSet ${replicaSet.name}` };
  }
  return undefined;
}
