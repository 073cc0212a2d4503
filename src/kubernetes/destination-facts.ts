import type { Facts, LookupKey } from '../core/facts.ts';

/** The facts that tell what stands behind a destination. */
export const destinationNeeds = [
  'services',
  'endpointSlices',
  'pods',
  'replicaSets',
  'deployments',
  'rollouts',
  'autoscalers',
  'destinationRules',
] as const satisfies readonly LookupKey[];

export type DestinationNeed = (typeof destinationNeeds)[number];
export type DestinationFacts = Facts<DestinationNeed>;
