import { asText, at } from './json.ts';
import { cut, plain } from './message.ts';
import type { AdmissionRequest, Operation } from './request.ts';
import { effectiveEffect, type Verdict } from './verdict.ts';

/** A denial as somebody who looks at the object shall find it. */
export interface Denial {
  readonly involved: InvolvedObject;
  readonly operation: Operation;
  readonly user: string;
  readonly decisionId: string;
  /** `policy/code` of what denies, sorted, no two alike. */
  readonly codes: readonly string[];
  /** The first line of the denial. */
  readonly message: string;
}

export interface InvolvedObject {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  /** Undefined for what is being created: an object that was refused has none. */
  readonly uid: string | undefined;
}

/** What the API server takes as the message of an Event, in bytes. */
const messageBytes = 1024;
const nameCharacters = 253;

/** The review of a subresource is about the object that has it, but its kind is `Scale`. */
const kindsOfScales: Readonly<Record<string, string>> = {
  'apps/deployments': 'Deployment',
  'apps/replicasets': 'ReplicaSet',
  'apps/statefulsets': 'StatefulSet',
  'argoproj.io/rollouts': 'Rollout',
};

/** The denial to report, or undefined when there is none, on dry-run, and where no Event could be. */
export function denialOf(request: AdmissionRequest, verdict: Verdict): Denial | undefined {
  if (verdict.allowed || request.dryRun || !validNamespace(request.namespace)) return undefined;
  const denying = verdict.findings.filter((finding) => effectiveEffect(finding) === 'deny');
  return {
    involved: involvedIn(request),
    operation: request.operation,
    user: cut(plain(request.user.name), 256),
    decisionId: request.uid,
    codes: [...new Set(denying.map(({ policy, code }) => `${policy}/${code}`))].sort(),
    message: cutBytes(verdict.message.split('\n', 1)[0] ?? '', messageBytes),
  };
}

function involvedIn({
  group,
  version,
  resource,
  subresource,
  kind,
  namespace,
  name,
  oldObject,
}: AdmissionRequest): InvolvedObject {
  const whole = subresource === '' ? undefined : kindsOfScales[`${group}/${resource}`];
  return {
    group: cut(group, nameCharacters),
    version: cut(version, 63),
    kind: whole ?? cut(kind, 63),
    // The review of a Namespace names it as its own namespace, but it is in none.
    namespace: group === '' && resource === 'namespaces' ? '' : namespace,
    name: cut(plain(name), nameCharacters),
    uid: asText(at(oldObject, 'metadata', 'uid'))?.slice(0, 128),
  };
}

/** The namespace becomes part of a path. */
function validNamespace(namespace: string): boolean {
  return namespace === '' || (namespace.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(namespace));
}

/** Denials with the same key say the same: neither the version, nor who asked, nor the numbers make a difference. */
export function denialKey({ involved: { group, kind, namespace, name }, codes }: Denial): string {
  return JSON.stringify([group, kind, namespace, name, codes]);
}

/** At most so many bytes of UTF-8; what was cut is shown by an ellipsis. */
function cutBytes(text: string, bytes: number): string {
  const encoder = new TextEncoder();
  const fits = (room: number): number => encoder.encodeInto(text, new Uint8Array(room)).read;
  return fits(bytes) === text.length ? text : `${text.slice(0, fits(bytes - encoder.encode('…').length))}…`;
}
