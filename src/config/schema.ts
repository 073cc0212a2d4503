import type { JsonObject } from '../core/json.ts';
import type { Policy } from '../core/policy.ts';
import { modes } from '../core/modes.ts';

export const configurationVersion = 'rollback-bouncer.dev/v1alpha1';

/** The schema of the configuration file: the common part here, every policy's own settings from its definition. */
export function configurationSchema(policies: readonly Policy[]): JsonObject {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['apiVersion', 'kind'],
    properties: {
      apiVersion: { const: configurationVersion },
      kind: { const: 'Configuration' },
      mode: { enum: modes, description: 'No policy does more than this anywhere: `audit` is the kill switch.' },
      floor: { enum: modes, description: 'Namespace labels cannot lower a policy below it.' },
      policies: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(policies.map((policy) => [policy.id, policySchema(policy)])),
      },
    },
  };
}

function policySchema(policy: Policy): JsonObject {
  const { schema } = policy.config;
  return { ...schema, properties: { mode: { enum: modes }, ...(schema['properties'] as JsonObject) } };
}
