import type { Route } from '../../core/objects.ts';
import { sharesOf, type Shares } from './align.ts';
import { meshHosts, sharesOfService } from './route-change.ts';
import { isInvisible, type Found, type Trial, type Verdict } from './trial.ts';
import { percentOf } from './words.ts';

/** What a route that goes leaves behind: a plain Service shares by the number of its ready pods, a gateway has nobody to ask. */
export function judgeRemoval(route: Route, trial: Trial): Verdict {
  const main = route.rules.find(({ match, shadowed }) => match === 'catch-all' && !shadowed) ?? route.rules[0];
  if (isInvisible(route) || main === undefined) return { findings: [{ code: 'no-op', detail: { object: trial.object } }] };
  const becomes = sharesOf(main, route.namespace);
  const inside = meshHosts(route);
  const left = route.hosts.map((host): Found => {
    const shares = inside.includes(host) ? sharesOfService(host, becomes, { namespace: route.namespace, trial }) : undefined;
    return shares === undefined ? said(trial, `host ${host}`, '') : said(trial, `Service ${host}`, inWords(shares));
  });
  return { findings: route.hosts.length === 0 ? [said(trial, 'whoever delegates to it', '')] : left };
}

function inWords(shares: Shares): string {
  const named = [...shares.values()].filter(({ share }) => share > 0.0001);
  return named.map(({ share, destination }) => `${destination.subset || destination.host} ${percentOf(share)}%`).join(', ');
}

function said({ object }: Trial, where: string, shares: string): Found {
  return { code: 'route-deleted', detail: { object, where, shares } };
}
