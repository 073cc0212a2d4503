import { factNames, known, unknown, type FactKey, type Facts } from '../../src/core/facts.ts';
import { findingSpec, type JudgedFinding } from '../../src/core/finding.ts';
import { definePolicy, type Policy } from '../../src/core/policy.ts';
import type { AdmissionRequest } from '../../src/core/request.ts';
import type { Judgement } from '../../src/core/verdict.ts';

/** A CREATE of a Deployment, with what a test cares about on top. */
export function aRequest(more: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: 'a-request',
    operation: 'CREATE',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    subresource: '',
    kind: 'Deployment',
    namespace: 'shop',
    name: 'checkout-api',
    user: { name: 'developer', groups: [] },
    dryRun: false,
    object: { metadata: { name: 'checkout-api' }, spec: {} },
    oldObject: undefined,
    ...more,
  };
}

/** A policy that says nothing about Deployments, with what a test cares about on top. */
export function aPolicy(more: Partial<Policy> = {}): Policy {
  const silent = definePolicy({
    id: 'a-policy',
    title: 'A policy',
    phases: ['mutate', 'validate'],
    matches: [{ group: 'apps', resources: ['deployments'], operations: ['CREATE', 'UPDATE'] }],
    needs: ['ownedReplicaSets'],
    defaultMode: 'enforce',
    config: {
      schema: { type: 'object', additionalProperties: false, properties: { pods: { type: 'integer' } } },
      defaults: { pods: 1 },
    },
    findings: {
      'too-cold': findingSpec<{ readonly pods: number }>({
        effect: 'deny',
        means: 'Cold.',
        remedy: 'Wait.',
        say: ({ pods }) => `${pods} pods are cold`,
      }),
    },
    whenBlind: { facts: { ownedReplicaSets: 'warn' }, error: 'deny' },
    docs: { summary: '', why: '', limits: '' },
    evaluate: () => ({ findings: [] }),
  });
  return { ...silent, ...more };
}

export function aFinding(more: Partial<JudgedFinding> = {}): JudgedFinding {
  return {
    policy: 'a-policy',
    code: 'too-cold',
    effect: 'deny',
    mode: 'enforce',
    message: '2 pods are cold',
    path: '',
    detail: {},
    ...more,
  };
}

export function aJudgement(more: Partial<Judgement> = {}): Judgement {
  return { policy: 'a-policy', mode: 'enforce', findings: [], patch: [], evidence: undefined, ...more };
}

const notAsked = Object.fromEntries(
  (Object.keys(factNames) as FactKey[]).map((key) => [key, unknown('not asked')]),
) as unknown as Facts;

export function someFacts(more: Partial<Facts> = {}): Facts {
  return {
    ...notAsked,
    namespaceLabels: known(new Map()),
    ownedReplicaSets: known([]),
    ...more,
  };
}

/** As when a namespace carries these labels. */
export function labelled(labels: Readonly<Record<string, string>>): Facts {
  return someFacts({ namespaceLabels: known(new Map(Object.entries(labels))) });
}

export const blind = unknown('no contact for 42 s');
