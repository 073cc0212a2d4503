import { asList, asText, at, own, type JsonObject } from '../../core/json.ts';
import type { Identity } from '../../core/objects.ts';

/** Who an object is, and since when. Undefined without a name: such a thing is no object of the API. */
export function metadataOf(object: JsonObject): (Identity & { readonly createdAt: string }) | undefined {
  const metadata = own(object, 'metadata');
  const field = (key: string): string => asText(own(metadata, key)) ?? '';
  const name = field('name');
  if (name === '') return undefined;
  return { namespace: field('namespace'), name, uid: field('uid'), createdAt: field('creationTimestamp') };
}

/** The strings of a list in `spec`; whatever else stands in it is left out. */
export function textsOf(object: JsonObject, field: string): readonly string[] {
  return asList(at(object, 'spec', field)).filter((one): one is string => typeof one === 'string');
}
