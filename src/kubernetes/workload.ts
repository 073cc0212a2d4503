import { asInteger, asList, asObject, asText, at, own, type Json, type JsonObject } from '../core/json.ts';

/** The pod template of a workload, wherever the workload came from; undefined when there is none to read. */
export function podTemplate(workload: Json | undefined): JsonObject | undefined {
  return asObject(at(workload, 'spec', 'template'));
}

/** The app containers of a pod template. Init containers, also restartable ones, and ephemeral containers are not among them. */
export function appContainers(template: Json | undefined): readonly Json[] {
  return asList(at(template, 'spec', 'containers'));
}

export function containerName(container: Json | undefined): string {
  return asText(own(container, 'name')) ?? '';
}

/** `spec.replicas`; the API server stores 1 when the author wrote none. */
export function desiredReplicas(workload: Json | undefined): number {
  return asInteger(at(workload, 'spec', 'replicas')) ?? 1;
}

export function isPaused(workload: Json | undefined): boolean {
  return at(workload, 'spec', 'paused') === true;
}

/** An annotation of an object or of a pod template: both keep them under `metadata.annotations`. */
export function annotation(object: Json | undefined, key: string): string | undefined {
  return asText(own(at(object, 'metadata', 'annotations'), key));
}
