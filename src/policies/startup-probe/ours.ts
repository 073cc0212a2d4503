import { asObject, own, type Json, type JsonObject } from '../../core/json.ts';
import { isSidecar, jvmEvidenceOf } from '../../kubernetes/jvm.ts';
import { sameProbe } from '../../kubernetes/probe.ts';
import { appContainers, containerName } from '../../kubernetes/workload.ts';
import { deriveProbe, type HandlerFrom } from './derive.ts';

/** By what settings a stored probe of ours may have been derived: the order of `auto`, the configuration, the stored annotation. */
export interface Provenance {
  readonly kind: string;
  readonly from: readonly HandlerFrom[];
  readonly workloadAnnotations: JsonObject | undefined;
}

/** The startupProbes of a template that stands somewhere: in the stored object, or in a ReplicaSet. */
export interface StandingProbes {
  /** The container's startupProbe when we derived it; undefined when an author wrote it, or there is none. */
  readonly ours: (name: string) => JsonObject | undefined;
  readonly any: (name: string) => JsonObject | undefined;
}

/**
 * A probe is ours when it is what we derive from the container that carries it, and we would have derived one at all.
 * An author who writes exactly that is taken for us; nothing is stored that could tell more, since a mark on the template would be
 * a rollout of its own.
 */
export function standingProbes(template: JsonObject | undefined, provenance: Provenance): StandingProbes {
  const containers = appContainers(template);
  const places = new Map<string, number>();
  for (const [index, container] of containers.entries())
    if (!places.has(containerName(container))) places.set(containerName(container), index);
  const evidence = once(() => jvmEvidenceOf(template, provenance.workloadAnnotations));
  const any = (name: string): JsonObject | undefined => startupProbeOf(containers[places.get(name) ?? -1]);
  return {
    any,
    ours: (name) => {
      const index = places.get(name) ?? -1;
      const container = asObject(containers[index]);
      const probe = any(name);
      if (container === undefined || probe === undefined || isSidecar(container) || evidence()[index]?.jvm !== true)
        return undefined;
      return provenance.from.some((from) => isDerived(probe, container, provenance.kind, from)) ? probe : undefined;
    },
  };
}

function isDerived(probe: JsonObject, container: JsonObject, kind: string, from: HandlerFrom): boolean {
  const derived = deriveProbe(container, kind, from);
  return derived !== undefined && sameProbe(derived.probe, probe);
}

/** The container's startupProbe when it has one that says anything; `{}` is the API server's to refuse. */
export function startupProbeOf(container: Json | undefined): JsonObject | undefined {
  const probe = asObject(own(container, 'startupProbe'));
  return probe === undefined || Object.keys(probe).length === 0 ? undefined : probe;
}

/** Most updates change no template: what is not needed for them is not computed. */
export function once<T>(compute: () => T): () => T {
  let value: { readonly of: T } | undefined;
  return () => (value ??= { of: compute() }).of;
}
