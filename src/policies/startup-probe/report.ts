import type { JsonObject } from '../../core/json.ts';
import type { Raised } from '../../core/policy.ts';
import { jvmAnnotationFaults } from '../../kubernetes/jvm.ts';
import { describeHandler, handlerOf } from '../../kubernetes/probe.ts';
import { unprobed } from './advice.ts';
import type { Derived } from './derive.ts';
import type { findings } from './findings.ts';
import { startupProbeAnnotation, type Instruction } from './instructions.ts';
import { withChanges, type Change, type Plan, type Subject } from './plan.ts';

type Found = Raised<typeof findings>;

/** What the mutating side does, and what it leaves alone and why. */
export function reportChanges(plan: Plan, subject: Subject): readonly Found[] {
  return [...plan.changes.map((change) => changeFinding(change, plan)), ...reportKept(plan, subject)];
}

function reportKept({ warm, changes }: Plan, subject: Subject): readonly Found[] {
  if (warm === undefined) return [];
  const { replicaSet, desiredPods } = warm;
  const numbers = { replicaSet: replicaSet.name, readyPods: replicaSet.readyPods, desiredPods };
  return unprobed(withChanges(subject.template, changes), subject).map(({ container, path }): Found => ({
    code: 'kept-warm',
    detail: { container, ...numbers },
    path,
  }));
}

function changeFinding({ container, action, probe, derived, index }: Change, plan: Plan): Found {
  const path = probePath(index);
  if (action === 'repair') return { code: 'probe-repaired', detail: { container, handler: handlerInWords(probe) }, path };
  if (action === 'restore') return { code: 'probe-restored', detail: { container, from: plan.origin }, path };
  if (action === 'remove' || derived === undefined) {
    const why = plan.warm === undefined ? 'nothing left to derive it from' : `${plan.origin} runs without`;
    return { code: 'probe-removed', detail: { container, why }, path };
  }
  return { code: action === 'add' ? 'probe-added' : 'probe-renewed', detail: { container, ...inNumbers(derived) }, path };
}

/** What is still to be done on the object that will be stored is what the mutating side could not do. */
export function reportOpen(plan: Plan): readonly Found[] {
  const open = plan.warm === undefined ? plan.changes : [];
  return open.map(({ container, action, derived, index }): Found => {
    const path = probePath(index);
    if (action !== 'add' && action !== 'restore') return { code: 'probe-stale', detail: { container }, path };
    const handler = derived === undefined ? 'the stored one' : describeHandler(derived.handler);
    return { code: 'probe-missing', detail: { container, handler }, path };
  });
}

/** Annotations of ours that say nothing we understand. */
export function reportFaults(instruction: Instruction, template: JsonObject): readonly Found[] {
  const own: readonly Found[] =
    instruction.kind === 'malformed'
      ? [
          {
            code: 'annotation-malformed',
            detail: { annotation: startupProbeAnnotation, expected: '"skip; reason=TEXT" or "from=liveness|readiness|port"' },
            path: 'metadata.annotations',
          },
        ]
      : [];
  const jvm = jvmAnnotationFaults(template).map((annotation): Found => ({
    code: 'annotation-malformed',
    detail: { annotation, expected: 'jvm: "true"|"false" or jvm-containers: a,b' },
    path: 'spec.template.metadata.annotations',
  }));
  return [...own, ...jvm];
}

function handlerInWords(probe: JsonObject | undefined): string {
  const handler = handlerOf(probe);
  return handler === undefined ? 'handler' : describeHandler(handler);
}

function inNumbers({ handler, source, budgetSeconds }: Derived): {
  readonly handler: string;
  readonly source: string;
  readonly budgetSeconds: number;
} {
  return { handler: describeHandler(handler), source, budgetSeconds };
}

function probePath(index: number): string {
  return `spec.template.spec.containers[${index}].startupProbe`;
}
