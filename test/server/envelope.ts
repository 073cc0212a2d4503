import type { JsonObject } from '../../src/core/json.ts';

/** What a review is about: the kind of its objects, and the resource that was asked for. */
export interface About {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
}

/** The body of a review as the API server sends it; `request` adds to what every one has, and replaces it. */
export function reviewOf({ group, version, kind, resource }: About, request: JsonObject): JsonObject {
  const [ofKind, ofResource] = [
    { group, version, kind },
    { group, version, resource },
  ];
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: ofKind,
      resource: ofResource,
      requestKind: ofKind,
      requestResource: ofResource,
      userInfo: { username: 'developer', uid: 'u-1', groups: ['developers', 'system:authenticated'] },
      oldObject: null,
      dryRun: false,
      ...request,
    },
  };
}
