import { asText, at, own, type Json, type JsonObject } from './json.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
export type Phase = 'mutate' | 'validate';

/** An admission request as policies see it: the decoded envelope, the objects untouched and unchecked. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: Operation;
  readonly group: string;
  readonly version: string;
  /** Plural resource name, without the subresource. */
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  readonly dryRun: boolean;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

/**
 * The name of the object a request is about.
 * `request.name` is empty for generateName and for every object of a deletecollection, so the objects are asked too
 * (https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go).
 */
export function objectName(requestName: string, object: Json | undefined, oldObject: Json | undefined): string {
  const metadata = own(object, 'metadata');
  return (
    requestName ||
    (asText(own(metadata, 'name')) ?? '') ||
    (asText(at(oldObject, 'metadata', 'name')) ?? '') ||
    (asText(own(metadata, 'generateName')) ?? '')
  );
}

/** What an operation must carry: a review without it is not judged on half of the facts. */
export function missingPart(request: AdmissionRequest): 'object' | 'oldObject' | undefined {
  const { operation, object, oldObject } = request;
  if ((operation === 'CREATE' || operation === 'UPDATE') && object === undefined) return 'object';
  if (operation === 'UPDATE' && oldObject === undefined) return 'oldObject';
  return undefined;
}
