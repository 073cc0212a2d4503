import type { FactKey } from './facts.ts';
import type { Policy } from './policy.ts';
import type { AdmissionRequest, Phase } from './request.ts';

/** The policies a request concerns, and the facts they need together; the modes need the labels of namespaces. */
export interface Selection {
  readonly policies: readonly Policy[];
  readonly needs: readonly FactKey[];
}

export type Select = (request: AdmissionRequest, phase: Phase) => Selection;

const nothing: Selection = { policies: [], needs: ['namespaceLabels'] };

/** Indexes the policies by phase, operation and resource once, so that a review costs one lookup. */
export function selector(policies: readonly Policy[]): Select {
  const index = new Map<string, Selection>();
  for (const policy of policies) for (const key of keysOf(policy)) index.set(key, extend(index.get(key) ?? nothing, policy));
  return (request, phase) => {
    const resource = request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
    return index.get(`${phase} ${request.operation} ${request.group}/${resource}`) ?? nothing;
  };
}

function keysOf(policy: Policy): readonly string[] {
  return policy.phases.flatMap((phase) =>
    policy.matches.flatMap(({ group, resources, operations }) =>
      operations.flatMap((operation) => resources.map((resource) => `${phase} ${operation} ${group}/${resource}`)),
    ),
  );
}

const otherNamespaces: readonly FactKey[] = ['namespaces'];

function extend(selection: Selection, policy: Policy): Selection {
  return {
    policies: [...selection.policies, policy],
    needs: [...new Set([...selection.needs, ...policy.needs, ...(policy.crossesNamespaces === true ? otherNamespaces : [])])],
  };
}
