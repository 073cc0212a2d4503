import { hash } from 'node:crypto';
import { Ajv } from 'ajv';
import { asList, asObject, asText, at, type Json, type JsonObject } from '../core/json.ts';
import type { JudgedFinding } from '../core/finding.ts';
import { causeLine, cut, plain } from '../core/message.ts';
import { objectName, type AdmissionRequest, type Operation, type Phase } from '../core/request.ts';
import { effectiveEffect, verdictWord, type Verdict } from '../core/verdict.ts';

const reviewVersion = 'admission.k8s.io/v1';
const causesShown = 20;

/** A decoded review, or the status and the one line that a client gets which sent something else. */
export type Decoded =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly status: 400; readonly fault: string };

const text = { type: 'string' } as const;
const gvk = {
  type: 'object',
  required: ['version'],
  properties: { group: text, version: text, resource: text, kind: text },
} as const;

/** Only the envelope is checked, and nothing is coerced, defaulted or removed: the objects belong to their authors. */
const validEnvelope = new Ajv({ coerceTypes: false, useDefaults: false, removeAdditional: false, strict: true }).compile({
  type: 'object',
  required: ['apiVersion', 'kind', 'request'],
  properties: {
    apiVersion: { const: reviewVersion },
    kind: { const: 'AdmissionReview' },
    request: {
      type: 'object',
      required: ['uid', 'operation', 'resource', 'kind'],
      properties: {
        uid: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[!-~]+$' },
        operation: { enum: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] },
        resource: gvk,
        kind: gvk,
        subResource: text,
        name: text,
        namespace: text,
        dryRun: { type: 'boolean' },
        userInfo: { type: 'object' },
      },
    },
  },
});

/** Reads the body of a call. Never throws; `__proto__` and the like stay ordinary keys, as JSON.parse makes them. */
export function decodeReview(body: unknown): Decoded {
  if (!(body instanceof Uint8Array) || body.length === 0) return fault('the body is empty');
  let review: Json;
  try {
    review = JSON.parse((body as Buffer).toString('utf8')) as Json;
  } catch {
    return fault('the body is not JSON');
  }
  if (!validEnvelope(review)) return fault(faultOfEnvelope());
  return { ok: true, request: requestOf(at(review, 'request') as JsonObject) };
}

function faultOfEnvelope(): string {
  const error = validEnvelope.errors?.[0];
  const path = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const expected = path === 'apiVersion' ? `must be ${reviewVersion}` : (error?.message ?? 'invalid');
  return cut(plain(`not an AdmissionReview of ${reviewVersion}: ${path === '' ? 'the review' : path} ${expected}`), 200);
}

function fault(why: string): Decoded {
  return { ok: false, status: 400, fault: why };
}

function requestOf(request: JsonObject): AdmissionRequest {
  const object = asObject(request['object']);
  const oldObject = asObject(request['oldObject']);
  const textAt = (...path: string[]): string => asText(at(request, ...path)) ?? '';
  return {
    uid: textAt('uid'),
    operation: request['operation'] as Operation,
    group: textAt('resource', 'group'),
    version: textAt('resource', 'version'),
    resource: textAt('resource', 'resource'),
    subresource: textAt('subResource'),
    kind: textAt('kind', 'kind'),
    namespace: textAt('namespace'),
    name: objectName(textAt('name'), object, oldObject),
    user: {
      name: textAt('userInfo', 'username'),
      groups: asList(at(request, 'userInfo', 'groups')).filter((group) => typeof group === 'string'),
    },
    dryRun: request['dryRun'] === true,
    object,
    oldObject,
  };
}

export interface Encoded {
  readonly body: string;
  /** `sha256:…` of the patch as sent, undefined without one. */
  readonly patchDigest: string | undefined;
}

/** The answer to a review. Only the mutating side may carry a patch: the API server refuses one from the other. */
export function encodeReview(request: AdmissionRequest, phase: Phase, verdict: Verdict): Encoded {
  const patch = phase === 'mutate' && verdict.allowed && verdict.patch.length > 0 ? JSON.stringify(verdict.patch) : undefined;
  const response = {
    uid: request.uid,
    allowed: verdict.allowed,
    ...(!verdict.allowed && { status: statusOf(verdict) }),
    ...(patch !== undefined && { patchType: 'JSONPatch', patch: Buffer.from(patch).toString('base64') }),
    ...(verdict.warnings.length > 0 && { warnings: verdict.warnings }),
    auditAnnotations: auditAnnotations(request, verdict),
  };
  return {
    body: JSON.stringify({ apiVersion: reviewVersion, kind: 'AdmissionReview', response }),
    patchDigest: patch === undefined ? undefined : `sha256:${hash('sha256', patch)}`,
  };
}

function statusOf(verdict: Verdict): JsonObject {
  const denying = verdict.findings.filter((finding) => effectiveEffect(finding) === 'deny');
  return {
    status: 'Failure',
    code: 403,
    reason: 'Forbidden',
    message: verdict.message,
    details: { causes: denying.slice(0, causesShown).map(causeOf) },
  };
}

function causeOf(finding: JudgedFinding): JsonObject {
  const { policy, code, path } = finding;
  return { reason: `${policy}/${code}`, message: causeLine(finding), field: cut(plain(path), 256) };
}

/** Keys are qualified names below the webhook's own: https://kubernetes.io/docs/reference/labels-annotations-taints/audit-annotations/ */
function auditAnnotations(request: AdmissionRequest, verdict: Verdict): Record<string, string> {
  const policies = [...new Set(verdict.findings.map(({ policy, code }) => `${policy}/${code}`))].join(',');
  return {
    decision: verdictWord(verdict),
    'decision-id': request.uid,
    ...(policies !== '' && { policies: cut(policies, 1000) }),
  };
}
