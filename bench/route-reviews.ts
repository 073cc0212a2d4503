import type { JsonObject } from '../src/core/json.ts';
import type { Plane } from '../test/controlplane/plane.ts';
import { reviewOf } from '../test/server/envelope.ts';
import { anHourAgo, createApplication, istio, ruleName } from './fleet.ts';
import { namespace, updateOf, write } from './reviews.ts';

/** The application whose route most reviews are about: its size stays as the cluster grows. */
const service = 'checkout-api-svc';
const routeName = 'checkout-api-vs';
/** Ready or not at our word; alone in its subset. */
export const fickle = { subset: 'v4', pod: `${service}-v4-bench-0` };

const versions = [
  { name: 'v1', pods: 20 },
  { name: 'v2', pods: 10 },
  { name: 'v3', pods: 10, ready: false },
  { name: fickle.subset, pods: 1, ready: false, listedReady: true },
];

const many = { namespace: 'many', route: 'many-vs', services: 5, rules: 100 };

/** Bodies of rows, by what they are about. */
export type RouteBodies = Readonly<Record<'growth' | 'no-op' | 'denial' | 'rule' | 'fickle', string>>;
export type ManyBodies = Readonly<Record<'many' | 'same', string>>;

export function routeOf(name: string, hosts: readonly string[], http: readonly object[]): object {
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name }, spec: { hosts, http } };
}

/** A rule with shares of the versions of one Service; without a match it takes all requests. */
export function split(host: string, weights: Readonly<Record<string, number>>, match?: readonly object[]): object {
  const route = Object.entries(weights).map(([subset, weight]) => ({ destination: { host, subset }, weight }));
  return { ...(match && { match }), route };
}

/** Creates the application and writes reviews about its route and its DestinationRule. */
export async function writeRouteReviews(plane: Plane, folder: string): Promise<RouteBodies> {
  await createApplication(plane.api, { namespace, service, versions, warm: true });
  const now = { v1: 90, v2: 10, v3: 0, v4: 0 };
  await plane.apply(spread(now), { namespace });
  const change = async (name: string, weights: typeof now, labels?: object): Promise<string> => {
    const oldObject = aged(await stored(plane, `${istio(namespace)}/virtualservices/${routeName}`));
    const { spec = null } = spread(weights) as JsonObject;
    const metadata = { ...(oldObject['metadata'] as JsonObject), ...(labels && { labels: labels as JsonObject }) };
    const object = { ...oldObject, metadata, spec };
    return write(folder, name, routeReview({ name: routeName, object, oldObject }));
  };
  return {
    growth: await change('growth', { v1: 50, v2: 50, v3: 0, v4: 0 }),
    'no-op': await change('no-op', now, { touched: 'yes' }),
    denial: await change('denial', { v1: 50, v2: 0, v3: 50, v4: 0 }),
    fickle: await change('fickle', { v1: 89, v2: 10, v3: 0, v4: 1 }),
    rule: await changedRule(plane, folder),
  };
}

function spread(weights: Readonly<Record<string, number>>): object {
  const rule = {
    ...split(service, weights),
    timeout: '5s',
    retries: { attempts: 3, perTryTimeout: '2s', retryOn: 'gateway-error,reset' },
  };
  const cors = { allowOrigins: [{ exact: 'https://shop.example' }], allowMethods: ['GET', 'POST'], maxAge: '24h' };
  return routeOf(routeName, ['checkout.api.internal'], [{ ...rule, corsPolicy: cors }]);
}

/** A subset that carries a tenth of the traffic gets other pods, which can carry it. */
async function changedRule(plane: Plane, folder: string): Promise<string> {
  const oldObject = aged(await stored(plane, `${istio(namespace)}/destinationrules/${ruleName(service)}`));
  const object = structuredClone(oldObject) as { spec: { subsets: { name: string; labels: object }[] } } & JsonObject;
  for (const subset of object.spec.subsets) if (subset.name === 'v2') subset.labels = { version: 'v1' };
  const about = { group: 'networking.istio.io', version: 'v1', kind: 'DestinationRule', resource: 'destinationrules' };
  return write(folder, 'rule', reviewOf(about, updateOf({ name: ruleName(service), object, oldObject })));
}

/**
 * 100 rules of five destinations that grow, and one that shrinks: each rule has five subsets of its own (`many`), or all have the same
 * five (`same`).
 */
export async function writeManyReviews(plane: Plane, folder: string): Promise<ManyBodies> {
  await plane.createNamespace(many.namespace);
  const services = Array.from({ length: many.services }, (_, index) => `many-${index}`);
  const subsets = Array.from({ length: many.rules }, (_, index) => ({ name: `s${index}`, pods: 1 }));
  for (const one of services) {
    const versions = [{ name: 'stable', pods: 5 }, ...subsets];
    await createApplication(plane.api, { namespace: many.namespace, service: one, versions, warm: true });
  }
  const route = (share: number, subsetOf: (rule: number) => string): object => {
    const rules = Array.from({ length: many.rules }, (_, rule) => {
      const growing = services.map((host) => ({ destination: { host, subset: subsetOf(rule) }, weight: share }));
      const stable = { destination: { host: services[0], subset: 'stable' }, weight: 100 - share * services.length };
      return { match: [{ uri: { prefix: `/api/v${rule}/` } }], route: [stable, ...growing] };
    });
    return routeOf(many.route, ['many.api.internal'], rules);
  };
  const body = (name: string, subsetOf: (rule: number) => string): string => {
    const metadata = { name: many.route, namespace: many.namespace, uid: 'a-route', creationTimestamp: anHourAgo() };
    const [oldObject, object] = [
      { ...route(10, subsetOf), metadata },
      { ...route(20, subsetOf), metadata },
    ];
    return write(folder, name, routeReview({ name: many.route, namespace: many.namespace, object, oldObject }));
  };
  return { many: body('many', (rule) => `s${rule}`), same: body('same', () => 's0') };
}

/** A review about a route; in the namespace of the bench unless it says another. */
export function routeReview(request: {
  readonly name: string;
  readonly namespace?: string;
  readonly object: object;
  readonly oldObject: object;
}): JsonObject {
  const about = { group: 'networking.istio.io', version: 'v1', kind: 'VirtualService', resource: 'virtualservices' };
  return reviewOf(about, updateOf(request));
}

async function stored(plane: Plane, path: string): Promise<JsonObject> {
  return (await plane.api(path)).body as JsonObject;
}

/** As if it had been written an hour ago: it has stayed on its rung for long enough. */
function aged(object: JsonObject): JsonObject {
  const metadata = object['metadata'] as JsonObject & { readonly managedFields?: readonly JsonObject[] };
  const managedFields = (metadata.managedFields ?? []).map((entry) => ({ ...entry, time: anHourAgo() }));
  return { ...object, metadata: { ...metadata, creationTimestamp: anHourAgo(), managedFields } };
}
