import { asInteger, asObject, at, type JsonObject } from '../../core/json.ts';
import type { Raised } from '../../core/policy.ts';
import type { AdmissionRequest } from '../../core/request.ts';
import { isSidecar } from '../../kubernetes/jvm.ts';
import { budgetSeconds, describeHandler, handlerOf, sameHandler, sameProbe } from '../../kubernetes/probe.ts';
import { appContainers, containerName } from '../../kubernetes/workload.ts';
import { deriveProbe, isAggregate } from './derive.ts';
import type { findings } from './findings.ts';
import { startupProbeOf } from './ours.ts';
import { isNamed, type Subject } from './plan.ts';

type Found = Raised<typeof findings>;

const shortBudgetSeconds = 60;
/** https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds */
const defaultProgressDeadlineSeconds = 600;

interface Guest {
  readonly container: JsonObject;
  readonly name: string;
  readonly path: string;
}

/** The JVM containers of a template that have no startupProbe and are not sidecars. */
export function unprobed(
  template: JsonObject,
  subject: Subject,
): readonly { readonly container: string; readonly path: string }[] {
  return guests(template, subject)
    .filter(({ container }) => startupProbeOf(container) === undefined)
    .map(({ name, path }) => ({ container: name, path: `${path}.startupProbe` }));
}

/** What an author should know about the probes of a JVM that the webhook does not change. */
export function adviceOn(request: AdmissionRequest, subject: Subject): readonly Found[] {
  return guests(subject.template, subject).flatMap((guest) => [
    ...onStartup(guest, subject),
    ...onReadiness(guest),
    ...onRollout(guest, request),
  ]);
}

function guests(template: JsonObject, subject: Subject): readonly Guest[] {
  return appContainers(template).flatMap((container, index) => {
    const object = asObject(container);
    const name = containerName(container);
    if (object === undefined || !isNamed(object) || !subject.isJvm(index) || isSidecar(object)) return [];
    return [{ container: object, name, path: `spec.template.spec.containers[${index}]` }];
  });
}

function onStartup({ container, name, path }: Guest, subject: Subject): readonly Found[] {
  const probe = startupProbeOf(container);
  if (probe === undefined) {
    const nothing = deriveProbe(container, subject.kind, subject.handlerFrom) === undefined;
    return nothing ? [{ code: 'no-handler', detail: { container: name }, path }] : [];
  }
  const budget = budgetSeconds(probe);
  const handler = handlerOf(probe);
  const short: readonly Found[] =
    budget < shortBudgetSeconds
      ? [{ code: 'startup-budget-short', detail: { container: name, budgetSeconds: budget }, path: `${path}.startupProbe` }]
      : [];
  const aggregate: readonly Found[] =
    handler !== undefined && isAggregate(handler) && isChosen(probe, container, subject)
      ? [
          {
            code: 'aggregate-health',
            detail: { container: name, handler: describeHandler(handler) },
            path: `${path}.startupProbe`,
          },
        ]
      : [];
  return [...short, ...aggregate];
}

/** An author who asks an aggregate endpoint has chosen it; we only answer for our own choice. */
function isChosen(probe: JsonObject, container: JsonObject, { kind, handlerFrom }: Subject): boolean {
  const derived = deriveProbe(container, kind, handlerFrom);
  return derived !== undefined && sameProbe(derived.probe, probe);
}

function onReadiness({ container, name, path }: Guest): readonly Found[] {
  if (asObject(container['readinessProbe']) === undefined)
    return [{ code: 'readiness-missing', detail: { container: name }, path }];
  const readiness = handlerOf(container['readinessProbe']);
  const liveness = handlerOf(container['livenessProbe']);
  return readiness !== undefined && liveness !== undefined && sameHandler(readiness, liveness)
    ? [
        {
          code: 'readiness-equals-liveness',
          detail: { container: name, handler: describeHandler(liveness) },
          path: `${path}.readinessProbe`,
        },
      ]
    : [];
}

function onRollout({ container, name }: Guest, { object }: AdmissionRequest): readonly Found[] {
  const probe = startupProbeOf(container);
  const needed = (probe === undefined ? 0 : budgetSeconds(probe)) + (asInteger(at(object, 'spec', 'minReadySeconds')) ?? 0);
  const deadline = asInteger(at(object, 'spec', 'progressDeadlineSeconds')) ?? defaultProgressDeadlineSeconds;
  const late: readonly Found[] =
    probe !== undefined && needed >= deadline
      ? [
          {
            code: 'progress-deadline-short',
            detail: { container: name, neededSeconds: needed, deadlineSeconds: deadline },
            path: 'spec.progressDeadlineSeconds',
          },
        ]
      : [];
  const recreate: readonly Found[] =
    at(object, 'spec', 'strategy', 'type') === 'Recreate'
      ? [{ code: 'recreate-strategy', detail: { container: name }, path: 'spec.strategy.type' }]
      : [];
  return [...late, ...recreate];
}
