import { asText, at, type Json } from '../../src/core/json.ts';
import { objectName, type AdmissionRequest, type Operation } from '../../src/core/request.ts';
import { resourceOf } from '../../src/kubernetes/resources.ts';
import { objectOf } from './objects.ts';
import { routeChange, ruleChange, type Change } from './traffic-shorthand.ts';

function changeOf(value: Json | undefined): Change {
  const [route, subsets] = [at(value, 'route'), at(value, 'subsets')];
  if (route !== undefined) return routeChange(route);
  if (subsets !== undefined) return ruleChange(subsets);
  return { object: objectOf(at(value, 'object')), oldObject: objectOf(at(value, 'oldObject')) };
}

/** `route` and `subsets` say by themselves what kind of change it is. */
function operationOf(value: Json | undefined, { object, oldObject }: Change): Operation {
  const told = asText(at(value, 'operation'));
  if (told !== undefined) return told as Operation;
  if (at(value, 'route') === undefined && at(value, 'subsets') === undefined) return 'CREATE';
  return object === undefined ? 'DELETE' : oldObject === undefined ? 'CREATE' : 'UPDATE';
}

/** The request of a case, as the API server would have decoded it. */
export function requestOf(value: Json | undefined): AdmissionRequest {
  const change = changeOf(value);
  const { object, oldObject } = change;
  const described = object ?? oldObject ?? {};
  const kind = asText(at(described, 'kind')) ?? '';
  const { group, version, resource } = resourceOf(asText(at(described, 'apiVersion')) ?? '', kind);
  return {
    uid: 'a-case',
    operation: operationOf(value, change),
    group,
    version,
    resource,
    subresource: asText(at(value, 'subresource')) ?? '',
    kind,
    namespace: asText(at(described, 'metadata', 'namespace')) ?? '',
    name: objectName('', object, oldObject),
    user: { name: asText(at(value, 'user')) ?? 'developer', groups: [] },
    dryRun: false,
    object,
    oldObject,
  };
}
