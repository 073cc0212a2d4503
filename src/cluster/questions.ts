import { asObject, asText, at, own, type JsonObject } from '../core/json.ts';
import type { Identity } from '../core/objects.ts';
import { ApiError } from './api-error.ts';
import { pathOf, type AnyKind, type Scope } from './kind.ts';
import type { Question } from './live-reads.ts';

/** A list beyond it is not read within a review: half of one would be a guess. Lists of all namespaces are of routes, which are small. */
const mostItems = { inNamespace: 500, everywhere: 2000 };

/** Asks for one object; the names must have been looked at. */
export function objectQuestion(kind: AnyKind, version: string, namespace: string, name: string): Question {
  return {
    path: pathOf(kind, version, namespace, name),
    query: {},
    read: (body) => {
      const item = kind.project(body);
      if (item === undefined) throw new ApiError('odd answer');
      return [item];
    },
  };
}

/** Asks for all objects of a scope. */
export function listQuestion(kind: AnyKind, version: string, { namespace, labelSelector }: Scope): Question {
  return {
    path: pathOf(kind, version, namespace),
    query: { labelSelector, limit: namespace === '' ? mostItems.everywhere : mostItems.inNamespace },
    read: (body) => itemsOf(kind, body),
  };
}

function itemsOf(kind: AnyKind, list: JsonObject): readonly Identity[] {
  const items = own(list, 'items');
  if (!Array.isArray(items)) throw new ApiError('odd answer');
  if ((asText(at(list, 'metadata', 'continue')) ?? '') !== '') throw new ApiError('too many objects');
  return items.flatMap((item) => kind.project(asObject(item) ?? {}) ?? []);
}
