import { sameJson, type JsonObject } from '../../core/json.ts';
import { definePolicy, type Circumstances } from '../../core/policy.ts';
import type { AdmissionRequest } from '../../core/request.ts';
import { destinationRule } from '../../kubernetes/routes/destination-rule.ts';
import { virtualServiceRoute } from '../../kubernetes/routes/istio.ts';
import { defaults, schema, type WeightJumpConfig } from './config.ts';
import { findings } from './findings.ts';
import { specWrittenAt } from './ladder.ts';
import { judgeRoute } from './route-change.ts';
import { judgeRemoval } from './route-removal.ts';
import { judgeRules } from './rule-change.ts';
import { needs, once, trialOf, type Need, type Trial, type Verdict } from './trial.ts';

const group = 'networking.istio.io';
const deny = 'deny';
const warn = 'warn';

export const weightJump = definePolicy({
  id: 'weight-jump',
  title: 'No share of the traffic jumps onto pods that cannot carry it',
  phases: ['validate'],
  matches: [{ group, resources: ['virtualservices', 'destinationrules'], operations: ['CREATE', 'UPDATE', 'DELETE'] }],
  needs,
  defaultMode: 'enforce',
  crossesNamespaces: true,
  config: { schema, defaults },
  findings,
  whenBlind: {
    facts: {
      services: deny,
      endpointSlices: deny,
      pods: deny,
      destinationRules: deny,
      replicaSets: warn,
      deployments: warn,
      rollouts: warn,
      autoscalers: warn,
      canaries: warn,
      virtualServices: deny,
      namespaces: warn,
    },
    error: deny,
  },
  docs: {
    summary:
      'Judges every change of a route that gives a destination a larger share of the traffic: it must exist, have ready pods, enough of ' +
      'them for the share, and warm ones above 10 %. A share that only shrinks always passes; the way back to the last known good needs ready pods only.',
    why:
      'A weighted route does not fall back: what is sent to a subset without ready pods is answered with 503. After a rollback the pods of ' +
      'the old release are there again, cold and few, and a manifest that says 50/50 sends half of the customers to them.',
    limits:
      'Ready is what the cluster says: a green pod that answers errors is not seen. Which clients follow which route is not known, so a ' +
      'target must serve those in the namespace of the route and those in the namespace of the Service; others are not looked at. Two requests that race each other are judged one by one.',
  },
  evaluate,
});

function evaluate(request: AdmissionRequest, circumstances: Circumstances<Need, WeightJumpConfig>): Verdict {
  const trial = trialOf(request, circumstances);
  const { object, oldObject } = request;
  if (object !== undefined && oldObject !== undefined && sameJson(object['spec'], oldObject['spec']))
    return { findings: [{ code: 'no-op', detail: { object: trial.object } }] };
  const named = (one: JsonObject | undefined): JsonObject | undefined => one && withNamespace(one, request);
  const [before, after] = [named(oldObject), named(object)];
  return once(
    request.resource === 'destinationrules' ? judgeRuleWrite(before, after, trial) : judgeRouteWrite(before, after, trial),
  );
}

function judgeRouteWrite(before: JsonObject | undefined, after: JsonObject | undefined, trial: Trial): Verdict {
  const old = before && virtualServiceRoute(before);
  const next = after && virtualServiceRoute(after);
  if (next !== undefined) return judgeRoute({ before: old, after: next, since: specWrittenAt(before) }, trial);
  return old === undefined ? { findings: [] } : judgeRemoval(old, trial);
}

function judgeRuleWrite(before: JsonObject | undefined, after: JsonObject | undefined, trial: Trial): Verdict {
  return judgeRules({ before: before && destinationRule(before), after: after && destinationRule(after) }, trial);
}

/** The namespace and the name that count are those of the request: a manifest may leave them to it. */
function withNamespace(object: JsonObject, { namespace, name }: AdmissionRequest): JsonObject {
  const metadata = object['metadata'] as JsonObject | undefined;
  return metadata?.['namespace'] === namespace && metadata['name'] === name
    ? object
    : { ...object, metadata: { ...metadata, namespace, name } };
}
