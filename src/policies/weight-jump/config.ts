import type { JsonObject } from '../../core/json.ts';

export interface WeightJumpConfig {
  /** A pod that has been ready for so long is warm; a workload may ask for more. */
  readonly warmSeconds: number;
  /** Up to this share warmth is not asked. */
  readonly warmAbovePercent: number;
  readonly ladderPercent: readonly number[];
  /** How long to stay on a rung. */
  readonly dwellSeconds: number;
  /** Users that are controllers of traffic: judged on hard facts only. */
  readonly controllers: readonly string[];
  /** There are pods of the same Services in clusters that we do not see. */
  readonly multiCluster: boolean;
  /** Where Istio keeps rules for the whole mesh. */
  readonly rootNamespace: string;
}

export const defaults: WeightJumpConfig = {
  warmSeconds: 60,
  warmAbovePercent: 10,
  ladderPercent: [1, 10, 50, 100],
  dwellSeconds: 60,
  controllers: [
    'system:serviceaccount:argo-rollouts:argo-rollouts',
    'system:serviceaccount:flagger-system:flagger',
    'system:serviceaccount:istio-system:flagger',
    'system:serviceaccount:linkerd-failover:linkerd-failover',
  ],
  multiCluster: false,
  rootNamespace: 'istio-system',
};

export const schema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    warmSeconds: {
      type: 'integer',
      minimum: 0,
      maximum: 3600,
      description: 'How long a pod must have been ready to be warm. minReadySeconds and the annotation warm-after raise it.',
    },
    warmAbovePercent: {
      type: 'number',
      minimum: 0,
      maximum: 100,
      description: 'Up to this share of the traffic warmth is not asked.',
    },
    ladderPercent: {
      type: 'array',
      items: { type: 'number', exclusiveMinimum: 0, maximum: 100 },
      minItems: 1,
      maxItems: 20,
      description: 'The rungs on which traffic should climb, ascending.',
    },
    dwellSeconds: { type: 'integer', minimum: 0, maximum: 86_400, description: 'How long traffic should stay on a rung.' },
    controllers: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      maxItems: 64,
      description: 'User names of controllers that move traffic by themselves; they are judged on hard facts only.',
    },
    multiCluster: {
      type: 'boolean',
      description: 'Services have endpoints in clusters that are not seen from here: nobody ready here is a warning.',
    },
    rootNamespace: { type: 'string', minLength: 1, description: 'The root namespace of the mesh (meshConfig.rootNamespace).' },
  },
};
