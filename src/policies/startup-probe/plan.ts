import type { OwnedReplicaSet } from '../../core/facts.ts';
import { asObject, asText, own, type Json, type JsonObject } from '../../core/json.ts';
import { removeAt, setAt, type Path, type PatchOperation } from '../../core/patch.ts';
import { isSidecar } from '../../kubernetes/jvm.ts';
import { sameProbe } from '../../kubernetes/probe.ts';
import { sameTemplate } from '../../kubernetes/template.ts';
import { appContainers, containerName, containerNamed } from '../../kubernetes/workload.ts';
import { deriveProbe, isOurs, type Derived, type HandlerFrom } from './derive.ts';

/** What would have to happen to one container's startupProbe. `probe` undefined: ours goes. */
export interface Change {
  readonly index: number;
  readonly container: string;
  readonly action: 'add' | 'restore' | 'renew' | 'remove';
  readonly probe?: JsonObject;
  readonly derived?: Derived;
}

export interface Subject {
  readonly template: JsonObject;
  /** Undefined on CREATE. */
  readonly oldTemplate: JsonObject | undefined;
  readonly kind: string;
  readonly handlerFrom: HandlerFrom;
  readonly isJvm: (index: number) => boolean;
}

/** What is to be done about a template that is new, changed or about to be rolled out. */
export interface Plan {
  readonly changes: readonly Change[];
  /** The ReplicaSet whose warm pods the template keeps, and how many pods the workload asks for. */
  readonly warm?: { readonly replicaSet: OwnedReplicaSet; readonly desiredPods: number };
  /** Where a restored probe was found. */
  readonly origin: string;
}

/** Our probes that the stored template has and the new one lost, put back word for word. */
export function restoreOurs({ template, oldTemplate }: Subject): readonly Change[] {
  return appContainers(template).flatMap((container, index) => {
    const name = containerName(container);
    const old = containerNamed(oldTemplate, name);
    const probe = startupProbeOf(old);
    const lost = startupProbeOf(container) === undefined && probe !== undefined && old !== undefined && isOurs(probe, old);
    return lost ? [{ index, container: name, action: 'restore', probe } as const] : [];
  });
}

/**
 * What makes a template equal to that of a warm ReplicaSet, if probes of ours are all that stands between them.
 * The Deployment controller reuses a ReplicaSet only when the templates are equal, startupProbe included.
 */
export function alignWith(replicaSet: OwnedReplicaSet, subject: Subject): readonly Change[] | undefined {
  const { template, oldTemplate } = subject;
  const changes = appContainers(template).flatMap((container, index): readonly Change[] => {
    const name = containerName(container);
    const theirs = containerNamed(replicaSet.template, name);
    const wanted = startupProbeOf(theirs);
    const present = startupProbeOf(container);
    if (present === undefined && wanted !== undefined && theirs !== undefined && isOurs(wanted, theirs))
      return [{ index, container: name, action: 'restore', probe: wanted }];
    if (present !== undefined && wanted === undefined && isStandingOurs(present, name, oldTemplate))
      return [{ index, container: name, action: 'remove' }];
    return [];
  });
  return sameTemplate(withChanges(template, changes), replicaSet.template) ? changes : undefined;
}

/** What every container of a changed or new template needs. */
export function deriveAll(subject: Subject): readonly Change[] {
  return appContainers(subject.template).flatMap((container, index) => {
    const object = asObject(container);
    return object === undefined || !isNamed(object) || isSidecar(object) ? [] : deriveOne(object, index, subject);
  });
}

function deriveOne(container: JsonObject, index: number, subject: Subject): readonly Change[] {
  const name = containerName(container);
  const derived = deriveProbe(container, subject.kind, subject.handlerFrom);
  const present = startupProbeOf(container);
  if (present === undefined) {
    if (container['startupProbe'] !== undefined && container['startupProbe'] !== null) return [];
    if (!subject.isJvm(index) || derived === undefined) return [];
    return [{ index, container: name, action: 'add', probe: derived.probe, derived }];
  }
  if (!isStandingOurs(present, name, subject.oldTemplate)) return [];
  if (derived === undefined) return [{ index, container: name, action: 'remove' }];
  return sameProbe(derived.probe, present) ? [] : [{ index, container: name, action: 'renew', probe: derived.probe, derived }];
}

/** A probe that stood in the stored template, unchanged, and that we had derived there. */
function isStandingOurs(probe: JsonObject, name: string, oldTemplate: JsonObject | undefined): boolean {
  const old = containerNamed(oldTemplate, name);
  const stood = startupProbeOf(old);
  return old !== undefined && stood !== undefined && sameProbe(stood, probe) && isOurs(probe, old);
}

/** One operation a container, at its index in the object that was sent. */
export function patchOf(object: JsonObject | undefined, changes: readonly Change[]): readonly PatchOperation[] {
  return changes.flatMap(({ index, probe }) => {
    const path: Path = ['spec', 'template', 'spec', 'containers', index, 'startupProbe'];
    return probe === undefined ? [removeAt(path)] : setAt(object ?? {}, path, probe);
  });
}

export function withChanges(template: JsonObject, changes: readonly Change[]): JsonObject {
  if (changes.length === 0) return template;
  const byIndex = new Map(changes.map((change) => [change.index, change]));
  const containers = appContainers(template).map((container, index) => {
    const change = byIndex.get(index);
    return change === undefined ? container : { ...asObject(container), startupProbe: change.probe };
  });
  return { ...template, spec: { ...asObject(template['spec']), containers } };
}

/** The container's startupProbe when it has one that says anything; `{}` is the API server's to refuse. */
export function startupProbeOf(container: Json | undefined): JsonObject | undefined {
  const probe = asObject(own(container, 'startupProbe'));
  return probe === undefined || Object.keys(probe).length === 0 ? undefined : probe;
}

/** A container that the API server will refuse anyway is nothing to build on. */
export function isNamed(container: JsonObject): boolean {
  return containerName(container) !== '' && asText(container['image']) !== undefined && container['image'] !== '';
}
