import { asInteger, asList, asObject, asText, own, type Json, type JsonObject } from '../../core/json.ts';
import { budgetSeconds, handlerOf, handlerPath, handlerPort, timeoutSeconds, type Handler } from '../../kubernetes/probe.ts';

/** Where the handler of the startupProbe comes from. `auto` follows the order of docs/policies/startup-probe.md. */
export type HandlerSource = 'liveness' | 'readiness' | 'port';
export type HandlerFrom = HandlerSource | 'auto';
export const handlerSources: readonly HandlerSource[] = ['liveness', 'readiness', 'port'];

/** A startupProbe, written out, and where it comes from. */
export interface Derived {
  readonly probe: JsonObject;
  readonly handler: Handler;
  readonly source: HandlerSource;
  readonly budgetSeconds: number;
}

const periodSeconds = 10;
const minimumBudgetSeconds = 300;
const timeoutRange = { min: 5, max: 10 } as const;
/** The API server reads an int32; a patch that does not fit fails the write even with failurePolicy Ignore. */
const largestInt32 = 2_147_483_647;

/** A readiness endpoint of its own: what it checks is whether this process can serve. */
const dedicatedSegments = new Set([
  'ready',
  'readiness',
  'readyz',
  'readycheck',
  'isready',
  'is-ready',
  'started',
  'startup',
  'startupz',
]);
/** Endpoints that frameworks make the sum of all dependencies' health. */
const aggregateSegments = new Set(['health', 'healthcheck', 'health-check']);
const portsOfTools = new Set([1099, 5005, 5006, 7199, 8000, 9010, 9404]);
const namesOfTools = ['jmx', 'jfr', 'rmi', 'debug', 'jdwp', 'metrics', 'prometheus', 'admin', 'management', 'mgmt', 'monitoring'];
const namesOfService = ['http', 'web', 'https', 'http-web', 'http1', 'http2'];

/**
 * The startupProbe for a container, or undefined when nothing in it says what to ask.
 * `kind` decides about readiness: the members of a StatefulSet or DaemonSet may wait for each other.
 */
export function deriveProbe(container: JsonObject, kind: string, from: HandlerFrom): Derived | undefined {
  const candidates = candidatesOf(container);
  const source = from === 'auto' ? undefined : from;
  const handler = source === undefined ? undefined : candidates[source];
  if (source !== undefined && handler !== undefined) return derived(container, source, handler);
  const chosen = chooseSource(candidates, kind === 'Deployment' || kind === 'Rollout');
  const chosenHandler = chosen === undefined ? undefined : candidates[chosen];
  return chosen === undefined || chosenHandler === undefined ? undefined : derived(container, chosen, chosenHandler);
}

export function isDedicated(handler: Handler): boolean {
  return dedicatedSegments.has(lastSegment(handler));
}

export function isAggregate(handler: Handler): boolean {
  return aggregateSegments.has(lastSegment(handler));
}

type Candidates = Readonly<Partial<Record<HandlerSource, Handler>>>;

function candidatesOf(container: JsonObject): Candidates {
  const liveness = handlerOf(container['livenessProbe']);
  const readiness = handlerOf(container['readinessProbe']);
  const port = readinessPort(readiness, liveness) ?? plausiblePort(container);
  return {
    ...(liveness && { liveness }),
    ...(readiness && { readiness }),
    ...(port !== undefined && { port: { kind: 'tcpSocket', fields: { port } } satisfies Handler }),
  };
}

function chooseSource({ liveness, readiness, port }: Candidates, readinessIsItsOwn: boolean): HandlerSource | undefined {
  const otherPort = port === undefined ? undefined : 'port';
  if (liveness === undefined) return readiness !== undefined && isDedicated(readiness) ? 'readiness' : otherPort;
  if (readiness === undefined) return 'liveness';
  if (readinessIsItsOwn && isDedicated(readiness)) return 'readiness';
  return isAggregate(liveness) && !isAggregate(readiness) ? 'readiness' : 'liveness';
}

/** Everything is written out, so that no default of a later Kubernetes can change what is stored. */
function derived(container: JsonObject, source: HandlerSource, handler: Handler): Derived {
  const liveness = asObject(container['livenessProbe']);
  const origin = source === 'liveness' ? liveness : asObject(container['readinessProbe']);
  const allowed = liveness === undefined ? 0 : budgetSeconds(liveness);
  const failureThreshold = Math.min(Math.ceil(Math.max(minimumBudgetSeconds, allowed) / periodSeconds), largestInt32);
  const timeout = Math.min(timeoutRange.max, Math.max(timeoutRange.min, origin === undefined ? 0 : timeoutSeconds(origin)));
  return {
    probe: {
      [handler.kind]: handler.fields,
      periodSeconds,
      failureThreshold,
      timeoutSeconds: timeout,
      successThreshold: 1,
    },
    handler,
    source,
    budgetSeconds: failureThreshold * periodSeconds,
  };
}

/** Readiness knows the port that matters; an exec probe knows none. */
function readinessPort(readiness: Handler | undefined, liveness: Handler | undefined): string | number | undefined {
  return (readiness && handlerPort(readiness)) ?? (liveness && handlerPort(liveness));
}

/** The one TCP port that is no tool's, or the one of several that is named after the service. */
function plausiblePort(container: JsonObject): string | number | undefined {
  const ports = asList(container['ports']).filter(isServicePort);
  const named = ports.filter((port) => namesOfService.includes(portName(port)));
  const port = ports.length === 1 ? ports[0] : named.length === 1 ? named[0] : undefined;
  return portName(port) || asInteger(own(port, 'containerPort'));
}

function isServicePort(port: Json): boolean {
  const protocol = own(port, 'protocol') ?? 'TCP';
  const number = asInteger(own(port, 'containerPort')) ?? 0;
  const words = portName(port).split('-');
  if (protocol !== 'TCP' || number <= 0) return false;
  if (namesOfService.includes(portName(port))) return true;
  return !portsOfTools.has(number) && !words.some((word) => namesOfTools.includes(word));
}

function portName(port: Json | undefined): string {
  return asText(own(port, 'name')) ?? '';
}

function lastSegment(handler: Handler): string {
  return handlerPath(handler)?.split('/').at(-1) ?? '';
}
