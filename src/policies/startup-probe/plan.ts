import type { OwnedReplicaSet } from '../../core/facts.ts';
import { asObject, asText, type JsonObject } from '../../core/json.ts';
import { removeAt, setAt, type Path, type PatchOperation } from '../../core/patch.ts';
import { isSidecar } from '../../kubernetes/jvm.ts';
import { handlerKindsOf, handlerOf, handlerOfKind, sameHandler, sameProbe } from '../../kubernetes/probe.ts';
import { sameTemplate } from '../../kubernetes/template.ts';
import { appContainers, containerName } from '../../kubernetes/workload.ts';
import { deriveProbe, type Derived, type HandlerFrom } from './derive.ts';
import { standingProbes, startupProbeOf, type Provenance, type StandingProbes } from './ours.ts';

/** What would have to happen to one container's startupProbe. `probe` undefined: ours goes. */
export interface Change {
  readonly index: number;
  readonly container: string;
  readonly action: 'add' | 'restore' | 'renew' | 'repair' | 'remove';
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
  /** The probes of the stored template. */
  readonly stored: StandingProbes;
  readonly provenance: Provenance;
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
export function restoreOurs({ template, stored }: Subject): readonly Change[] {
  return appContainers(template).flatMap((container, index) => {
    const name = containerName(container);
    const probe = startupProbeOf(container) === undefined ? stored.ours(name) : undefined;
    return probe === undefined ? [] : [{ index, container: name, action: 'restore', probe } as const];
  });
}

/**
 * What makes a template equal to that of a warm ReplicaSet, if probes of ours are all that stands between them.
 * The Deployment controller reuses a ReplicaSet only when the templates are equal, startupProbe included.
 */
export function alignWith(replicaSet: OwnedReplicaSet, subject: Subject): readonly Change[] | undefined {
  const theirs = standingProbes(replicaSet.template, subject.provenance);
  const changes = appContainers(subject.template).flatMap((container, index): readonly Change[] => {
    const name = containerName(container);
    const present = startupProbeOf(container);
    if (present !== undefined && !isStandingOurs(present, name, subject)) return [];
    const wanted = theirs.ours(name);
    if (wanted !== undefined && (present === undefined || !sameProbe(wanted, present)))
      return [{ index, container: name, action: 'restore', probe: wanted }];
    return present !== undefined && theirs.any(name) === undefined ? [{ index, container: name, action: 'remove' }] : [];
  });
  return sameTemplate(withChanges(subject.template, changes), replicaSet.template) ? changes : undefined;
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
  const repaired = withoutOurHandler(present, subject.stored.ours(name));
  if (repaired !== undefined) return [{ index, container: name, action: 'repair', probe: repaired }];
  if (!isStandingOurs(present, name, subject)) return [];
  if (derived === undefined) return [{ index, container: name, action: 'remove' }];
  return sameProbe(derived.probe, present) ? [] : [{ index, container: name, action: 'renew', probe: derived.probe, derived }];
}

/**
 * An author's handler that a merge put beside ours: two are refused by the API server, and the author never wrote the other one.
 * The numbers stay, so that the budget does not shrink.
 */
function withoutOurHandler(present: JsonObject, ours: JsonObject | undefined): JsonObject | undefined {
  const handler = handlerOf(ours);
  if (handler === undefined || handlerKindsOf(present).length !== 2 || !handlerKindsOf(present).includes(handler.kind))
    return undefined;
  if (!sameHandler(handlerOfKind(present, handler.kind), handler)) return undefined;
  return Object.fromEntries(Object.entries(present).filter(([field]) => field !== handler.kind));
}

/** Whether any probe of ours stands in the template as it stood in the stored one. */
export function keepsOurs(subject: Subject): boolean {
  return appContainers(subject.template).some((container) => {
    const present = startupProbeOf(container);
    return present !== undefined && isStandingOurs(present, containerName(container), subject);
  });
}

/** A probe that stood in the stored template, unchanged, and that we had derived there. */
function isStandingOurs(probe: JsonObject, name: string, { stored }: Subject): boolean {
  const ours = stored.ours(name);
  return ours !== undefined && sameProbe(ours, probe);
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

/** A container that the API server will refuse anyway is nothing to build on. */
export function isNamed(container: JsonObject): boolean {
  return containerName(container) !== '' && asText(container['image']) !== undefined && container['image'] !== '';
}
