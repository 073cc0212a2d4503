import type { Denial } from '../core/denial.ts';
import type { JsonObject } from '../core/json.ts';
import { cut } from '../core/message.ts';

/** Where Events about cluster-scoped objects live: the API server takes them nowhere else but in kube-system. */
const clusterNamespace = 'default';
const nameCharacters = 253;

export interface EventStamp {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Which Event of this process it is. */
  readonly count: number;
  /** In [0, 1). */
  readonly random: number;
  /** The replica that reports, for `reportingInstance`. */
  readonly instance: string;
}

export function eventNamespace({ involved: { namespace } }: Denial): string {
  return namespace === '' ? clusterNamespace : namespace;
}

/** The Event as core/v1: with `eventTime` it is checked as a new one, with `lastTimestamp` it is found by whoever sorts by that. */
export function denialEvent(denial: Denial, stamp: EventStamp): JsonObject {
  const { involved, operation, user, decisionId, codes, message } = denial;
  const { group, version, kind, namespace, name, uid } = involved;
  const time = new Date(stamp.atMs).toISOString();
  const seconds = `${time.slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: eventName(name, stamp),
      namespace: eventNamespace(denial),
      annotations: {
        'rollback-bouncer.dev/decision-id': decisionId,
        'rollback-bouncer.dev/policies': cut(codes.join(','), 1000),
        'rollback-bouncer.dev/user': user,
      },
    },
    involvedObject: {
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind,
      name,
      ...(namespace !== '' && { namespace }),
      ...(uid !== undefined && { uid }),
    },
    type: 'Warning',
    reason: 'Denied',
    action: operation.charAt(0) + operation.slice(1).toLowerCase(),
    message,
    count: 1,
    firstTimestamp: seconds,
    lastTimestamp: seconds,
    // Microseconds, exactly six digits.
    eventTime: time.replace('Z', '000Z'),
    source: { component: 'rollback-bouncer' },
    reportingComponent: 'rollback-bouncer',
    reportingInstance: stamp.instance,
  };
}

const timeDigits = 9;
const digits = 4;
const many = 36 ** digits;

/** A DNS-1123 subdomain, whatever the object is called; another one for each count and time, and most likely for each replica. */
export function eventName(objectName: string, { atMs, count, random }: Omit<EventStamp, 'instance'>): string {
  const suffix = [
    base36(Math.floor(atMs), timeDigits),
    base36(count % many, digits),
    base36(Math.floor(random * many), digits),
  ].join('');
  const labels = objectName
    .slice(0, nameCharacters - suffix.length - 1)
    // Before they change case: some letters become two.
    .replace(/[^A-Za-z0-9.]/g, '-')
    .toLowerCase()
    .split('.')
    .map((label) => label.replace(/^-+|-+$/g, ''))
    .filter((label) => label !== '');
  return [...(labels.length === 0 ? ['object'] : labels), suffix].join('.');
}

function base36(whole: number, width: number): string {
  return whole.toString(36).padStart(width, '0');
}
