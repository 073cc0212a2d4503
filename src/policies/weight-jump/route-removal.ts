import type { Destination, Route } from '../../core/objects.ts';
import { sharesOf } from './align.ts';
import { partOf } from './load.ts';
import { meshHosts } from './traffic-taken.ts';
import { isInvisible, type Found, type Trial, type Verdict } from './trial.ts';
import { percentOf } from './words.ts';

/** Named in one answer; the others are counted. */
const mostHosts = 16;

/** What a route that goes leaves behind: a plain Service shares by the number of its ready pods, a gateway has nobody to ask. */
export function judgeRemoval(route: Route, trial: Trial): Verdict {
  const main = route.rules.find(({ match, shadowed }) => match === 'catch-all' && !shadowed) ?? route.rules[0];
  if (isInvisible(route) || main === undefined) return { findings: [{ code: 'no-op', detail: { object: trial.object } }] };
  if (route.hosts.length === 0) return { findings: [said(trial, 'whoever delegates to it', '')] };
  const destinations = [...sharesOf(main).values()].map(({ destination }) => destination).slice(0, mostHosts);
  const inside = new Set(meshHosts(route));
  const left = route.hosts
    .slice(0, mostHosts)
    .map((host) => lossOf(host, inside.has(host) ? destinations : [], { route, trial }));
  const more = route.hosts.length - left.length;
  return { findings: more > 0 ? [...left, said(trial, `${more} other hosts`, '')] : left };
}

function lossOf(
  host: string,
  destinations: readonly Destination[],
  { route, trial }: { readonly route: Route; readonly trial: Trial },
): Found {
  const whole = trial.resolve(host, '', route.namespace);
  if (whole.kind !== 'pods' || whole.ready === 0 || destinations.length === 0) return said(trial, `host ${host}`, '');
  const parts = destinations.flatMap((destination) => {
    const part = partOf(whole, trial.resolve(destination.host, destination.subset, route.namespace));
    return part > 0 ? [`${destination.subset || destination.host} ${percentOf(part)}%`] : [];
  });
  return said(trial, `Service ${host}`, parts.length === 0 ? `all to its ${whole.ready} ready pods` : parts.join(', '));
}

function said({ object }: Trial, where: string, shares: string): Found {
  return { code: 'route-deleted', detail: { object, where, shares } };
}
