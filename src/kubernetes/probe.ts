import { asInteger, asObject, asText, at, own, type Json, type JsonObject } from '../core/json.ts';
import { sameTemplate } from './template.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe */
export const probeDefaults = { initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 1 } as const;

const handlerFields = {
  httpGet: ['path', 'port', 'scheme', 'host', 'httpHeaders'],
  tcpSocket: ['port', 'host'],
  exec: ['command'],
  grpc: ['port', 'service'],
} as const;

export type HandlerKind = keyof typeof handlerFields;

/** What a probe does, without its numbers. */
export interface Handler {
  readonly kind: HandlerKind;
  readonly fields: JsonObject;
}

/** The handler of a probe, copied field by field; undefined when there is none or more than one. */
export function handlerOf(probe: Json | undefined): Handler | undefined {
  const [kind, another] = handlerKindsOf(probe);
  return kind === undefined || another !== undefined ? undefined : handlerOfKind(probe, kind);
}

/** One in a valid probe; a three-way merge of two authors' probes may leave more, and the API server refuses those. */
export function handlerKindsOf(probe: Json | undefined): readonly HandlerKind[] {
  return (Object.keys(handlerFields) as HandlerKind[]).filter((kind) => asObject(own(probe, kind)) !== undefined);
}

export function handlerOfKind(probe: Json | undefined, kind: HandlerKind): Handler {
  const fields = handlerFields[kind].flatMap((field) => {
    const value = at(probe, kind, field);
    return value === undefined || value === null ? [] : [[field, value] as const];
  });
  return { kind, fields: Object.fromEntries(fields) };
}

/** The TCP port a handler talks to: a number, a port name, or undefined for exec. */
export function handlerPort(handler: Handler): string | number | undefined {
  const port = handler.fields['port'];
  return typeof port === 'string' || typeof port === 'number' ? port : undefined;
}

/** Path of an httpGet handler without query and trailing slashes, lower-cased; undefined for other handlers. */
export function handlerPath(handler: Handler): string | undefined {
  if (handler.kind !== 'httpGet') return undefined;
  return stripSlashes(withoutQuery(asText(handler.fields['path']) ?? '/')).toLowerCase();
}

function withoutQuery(path: string): string {
  const bounded = path.slice(0, 1024);
  const query = bounded.search(/[?#]/);
  return query === -1 ? bounded : bounded.slice(0, query);
}

/** Seconds until the kubelet may restart the container for this probe: initial delay + period x threshold. */
export function budgetSeconds(probe: JsonObject): number {
  const number = (field: keyof typeof probeDefaults): number => Math.max(asInteger(probe[field]) ?? probeDefaults[field], 0);
  return number('initialDelaySeconds') + Math.max(number('periodSeconds'), 1) * Math.max(number('failureThreshold'), 1);
}

export function timeoutSeconds(probe: JsonObject): number {
  return asInteger(probe['timeoutSeconds']) ?? probeDefaults.timeoutSeconds;
}

/** Whether two probes mean the same to the API server, whatever defaults are written out. */
export function sameProbe(a: JsonObject, b: JsonObject): boolean {
  return sameTemplate(templateWith(a), templateWith(b));
}

export function sameHandler(a: Handler, b: Handler): boolean {
  return sameProbe({ [a.kind]: a.fields }, { [b.kind]: b.fields });
}

/** In words, without a query, where secrets may be: `/health/ready:8080`, `tcp:http`, `grpc:9555`, `exec`. */
export function describeHandler(handler: Handler): string {
  const port = handlerPort(handler);
  if (handler.kind === 'exec') return 'exec';
  if (handler.kind === 'httpGet') return `${withoutQuery(asText(handler.fields['path']) ?? '/')}:${port ?? ''}`;
  return `${handler.kind === 'grpc' ? 'grpc' : 'tcp'}:${port ?? ''}`;
}

function templateWith(probe: JsonObject): JsonObject {
  return { spec: { containers: [{ startupProbe: probe }] } };
}

function stripSlashes(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}
