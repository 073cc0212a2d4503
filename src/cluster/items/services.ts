import { asList, asText, at, own, type Json, type JsonObject } from '../../core/json.ts';
import type { Endpoint, EndpointSliceObject, ServiceObject } from '../../core/objects.ts';
import { identity, labelsIn, labelsOf, textOf } from './metadata.ts';

/** Says of which Service an EndpointSlice is. */
export const serviceNameLabel = 'kubernetes.io/service-name';

export function projectService(raw: JsonObject): ServiceObject | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const spec = own(raw, 'spec');
  return {
    ...id,
    labels: labelsOf(raw),
    selector: labelsIn(own(spec, 'selector')),
    external: own(spec, 'type') === 'ExternalName',
    publishesNotReady: own(spec, 'publishNotReadyAddresses') === true,
  };
}

export function projectEndpointSlice(raw: JsonObject): EndpointSliceObject | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  const service = textOf(at(raw, 'metadata', 'labels'), serviceNameLabel);
  return { ...id, service, endpoints: asList(own(raw, 'endpoints')).map(endpointOf) };
}

function endpointOf(raw: Json): Endpoint {
  const conditions = own(raw, 'conditions');
  const target = own(raw, 'targetRef');
  return {
    podName: own(target, 'kind') === 'Pod' ? (asText(own(target, 'name')) ?? '') : '',
    address: asText(at(raw, 'addresses', 0)) ?? '',
    ready: own(conditions, 'ready') !== false,
    terminating: own(conditions, 'terminating') === true,
  };
}
