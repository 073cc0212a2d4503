import type { Plane } from '../test/controlplane/plane.ts';
import { createApplication, inParallel, istio, post } from './fleet.ts';
import { namespace } from './reviews.ts';
import { routeOf, routeReview, split } from './route-reviews.ts';

/** What a cluster holds besides the applications that reviews are about. */
export interface Size {
  readonly pods: number;
  readonly services: number;
  readonly routes: number;
}

const podsPerService = 5;
const namespaces = 10;

/** Every second Service has two versions, a DestinationRule and a route. */
export function sizeOf(services: number): Size {
  return { pods: services * podsPerService, services, routes: services / 2 };
}

export function guestService(route: number): string {
  return `guest-${2 * route}`;
}

/** One of the namespaces is that of the reviews: its lists are as long as those of the others. */
export function guestNamespace(route: number): string {
  return route % namespaces === 0 ? namespace : `guests-${route % namespaces}`;
}

/** Adds what is missing from one size to the next. */
export async function grow(plane: Plane, from: Size, to: Size): Promise<void> {
  for (let index = 1; from.services === 0 && index < namespaces; index += 1) await plane.createNamespace(guestNamespace(index));
  const added = Array.from({ length: to.routes - from.routes }, (_, index) => from.routes + index);
  await inParallel(added, async (route) => {
    const inNamespace = guestNamespace(route);
    const service = guestService(route);
    const plain = { namespace: inNamespace, service: `guest-${2 * route + 1}`, subsets: false };
    await createApplication(plane.api, { ...plain, versions: [{ name: 'v1', pods: podsPerService }] });
    const versions = [
      { name: 'v1', pods: 3 },
      { name: 'v2', pods: 2 },
    ];
    await createApplication(plane.api, { namespace: inNamespace, service, versions });
    await post(
      plane.api,
      `${istio(inNamespace)}/virtualservices`,
      routeOf(service, [service], [split(service, { v1: 100, v2: 0 })]),
    );
  });
}

/** Reviews that are denied, each about another route: two cold pods would get everything. */
export function guestDenials(count: number): readonly string[] {
  return Array.from({ length: count }, (_, route) => {
    const [inNamespace, service] = [guestNamespace(route), guestService(route)];
    const metadata = { name: service, namespace: inNamespace, uid: `route-${route}`, creationTimestamp: '2026-06-01T00:00:00Z' };
    const [oldObject, object] = [
      { ...routeOf(service, [service], [split(service, { v1: 100, v2: 0 })]), metadata },
      { ...routeOf(service, [service], [split(service, { v1: 0, v2: 100 })]), metadata },
    ];
    return JSON.stringify(routeReview({ name: service, namespace: inNamespace, object, oldObject }));
  });
}
