import { asInteger, asList, asObject, asText, at, own, type Json, type JsonObject } from '../../core/json.ts';
import type { Controller, Identity, Labels } from '../../core/objects.ts';
import { createPool } from './intern.ts';

const pool = createPool();
const ourAnnotation = /^([a-z0-9-]+\.)*rollback-bouncer\.dev\//;

/** Undefined when there is no name: such a thing is no object of the API. */
export function identity(raw: JsonObject): Identity | undefined {
  const metadata = own(raw, 'metadata');
  const name = asText(own(metadata, 'name')) ?? '';
  if (name === '') return undefined;
  return { namespace: pool.text(asText(own(metadata, 'namespace')) ?? ''), name, uid: asText(own(metadata, 'uid')) ?? '' };
}

/** A map of strings such as labels or a selector, shared with equal ones. */
export function labelsIn(value: unknown): Labels {
  return pool.map(value);
}

export function labelsOf(raw: JsonObject): Labels {
  return labelsIn(at(raw, 'metadata', 'labels'));
}

export function ourAnnotations(raw: JsonObject): ReadonlyMap<string, string> {
  return pool.map(at(raw, 'metadata', 'annotations'), (key) => ourAnnotation.test(key));
}

/** The API server requires a uid; manifests written by hand may lack it, and then the mark of the controller with it. */
export function controllerOf(raw: JsonObject): Controller | undefined {
  const references = asList(at(raw, 'metadata', 'ownerReferences'));
  const byHand = (one: Json): boolean => own(one, 'controller') === undefined && own(one, 'uid') === undefined;
  const found = asObject(references.find((one) => own(one, 'controller') === true) ?? references.find(byHand));
  if (found === undefined) return undefined;
  const kind = textOf(found, 'kind');
  const name = textOf(found, 'name');
  const uid = textOf(found, 'uid');
  return pool.value(JSON.stringify([kind, name, uid]), () => ({ kind, name, uid }));
}

/** What an object such as an autoscaler refers to in its own namespace; both empty when it says nothing. */
export function targetOf(value: unknown): { readonly kind: string; readonly name: string } {
  return { kind: textOf(value, 'kind'), name: textOf(value, 'name') };
}

/** A text that many objects have in common; empty when it is none. */
export function textOf(value: unknown, key: string): string {
  return pool.text(asText(own(value, key)) ?? '');
}

export function count(value: unknown, absent = 0): number {
  return asInteger(value) ?? absent;
}

/** Of a time as the API writes it, since the epoch. */
export function milliseconds(value: unknown): number | undefined {
  const parsed = Date.parse(asText(value) ?? '');
  return Number.isNaN(parsed) ? undefined : parsed;
}
