import { type JsonObject } from '../../core/json.ts';
import type { NamespaceObject } from '../../core/objects.ts';
import { identity, labelsOf } from './metadata.ts';

export function projectNamespace(raw: JsonObject): NamespaceObject | undefined {
  const id = identity(raw);
  if (id === undefined) return undefined;
  return { ...id, namespace: '', labels: labelsOf(raw) };
}
