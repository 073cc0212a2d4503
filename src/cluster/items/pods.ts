import { asList, asText, at, own, type Json, type JsonObject } from '../../core/json.ts';
import type { PodObject } from '../../core/objects.ts';
import { controllerOf, identity, labelsOf, milliseconds } from './metadata.ts';

export function projectPod(raw: JsonObject): PodObject | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const status = own(raw, 'status');
  const containers = asList(own(status, 'containerStatuses'));
  const readyCondition = asList(own(status, 'conditions')).find((one) => own(one, 'type') === 'Ready');
  const ready = own(readyCondition, 'status') === 'True';
  return {
    ...id,
    labels: labelsOf(raw),
    controller: controllerOf(raw),
    podIP: asText(own(status, 'podIP')),
    ready,
    readySince: ready ? readySince(own(readyCondition, 'lastTransitionTime'), containers) : undefined,
    // Absent in manifests written by hand: only who says that it has not started is believed.
    started: !containers.some((one) => own(one, 'started') === false),
    terminating: at(raw, 'metadata', 'deletionTimestamp') !== undefined,
  };
}

/** A container that was restarted between two looks of its probe is cold, though the pod was ready all the time. */
function readySince(transition: unknown, containers: readonly Json[]): number | undefined {
  const since = milliseconds(transition);
  if (since === undefined) return undefined;
  return Math.max(since, ...containers.map((one) => milliseconds(at(one, 'state', 'running', 'startedAt')) ?? since));
}
