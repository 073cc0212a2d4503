import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Plane } from '../test/controlplane/plane.ts';
import { setPodReady } from '../test/controlplane/pods.ts';
import { asking, expectVerdict, quantile, type Asking } from './ask.ts';
import { guestDenials, type Size } from './guests.ts';
import type { InProcess } from './in-process.ts';
import { interleaved, type Figures, type Load } from './load.ts';
import { namespace } from './reviews.ts';
import { fickle, type ManyBodies, type RouteBodies } from './route-reviews.ts';
import { bar, comparedWith, percent, table, thousands } from './table.ts';

export interface Ports {
  readonly floor: number;
  readonly ours: number;
}

/** How long everything goes on. */
export interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
}

const head = '| row | req/s | p50 ms | p99 ms | of the floor’s req/s | p99 over the floor’s |';
const floorRow = 'floor, route body';
const growthRow = 'validate, share grows, allowed';

/** Reviews of routes as the cluster grows around them; one share of the floor for each size. */
export interface Growth {
  readonly rows: (size: Size, ports: Ports, bodies: RouteBodies) => Promise<void>;
  readonly print: () => void;
}

export function growth(pace: Pace): Growth {
  const all: (readonly string[])[] = [];
  const shares: number[] = [];
  return {
    rows: async (size, ports, bodies) => {
      await verdicts(ports, bodies);
      const rows = new Map([
        [floorRow, load(ports.floor, bodies.growth, pace)],
        [growthRow, load(ports.ours, bodies.growth, pace)],
        ['validate, shares unchanged', load(ports.ours, bodies['no-op'], pace)],
      ]);
      const figures = await interleaved(rows, pace.rounds);
      const floor = figures.get(floorRow);
      const around = `${thousands(size.pods)} / ${thousands(size.routes)}`;
      for (const [name, figure] of figures) all.push([around, ...comparedWith(floor, name, figure)]);
      shares.push((figures.get(growthRow)?.perSecond ?? 0) / (floor?.perSecond ?? 1));
    },
    print: () => {
      table(`| pods / routes ${head}`, all);
      const reached = shares.map(percent).join(', ');
      bar('an allowed review of a growing share: at least 50 % of the floor', reached, Math.min(...shares) >= 0.5);
      const apart = Math.max(...shares) / Math.min(...shares) - 1;
      bar('that share of the floor within 15 % for all sizes of the cluster', percent(apart), apart <= 0.15);
    },
  };
}

async function verdicts(ports: Ports, bodies: RouteBodies): Promise<void> {
  const asked = asking(ports.ours);
  await expectVerdict(asked, readFileSync(bodies.growth), true, 'growth-fits');
  await expectVerdict(asked, readFileSync(bodies['no-op']), true, 'no-op');
  await expectVerdict(asked, readFileSync(bodies.denial), false, 'target-no-ready-endpoints');
  await expectVerdict(asked, readFileSync(bodies.rule), true, 'rollback-to-lkg');
  asked.close();
}

function load(port: number, bodyFile: string, { seconds }: Pace): Load {
  return { url: `https://127.0.0.1:${port}/validate?timeout=5s`, bodyFile, connections: 16, seconds };
}

/** Other reviews about routes, each beside a floor with the same body. */
export async function otherRows(ports: Ports, bodies: RouteBodies & ManyBodies, pace: Pace): Promise<void> {
  const rows = new Map<string, Load>();
  const names = {
    denial: 'validate, denied, evidence reused',
    rule: 'validate, DestinationRule',
    many: 'validate, 100 rules x 5',
  } as const;
  for (const [body, name] of Object.entries(names) as [keyof typeof names, string][]) {
    rows.set(`floor of ${name}`, load(ports.floor, bodies[body], pace));
    rows.set(name, load(ports.ours, bodies[body], pace));
  }
  const figures = await interleaved(rows, pace.rounds);
  const floorOf = (name: string): Figures | undefined => figures.get(name.startsWith('floor') ? name : `floor of ${name}`);
  table(
    head,
    [...figures].map(([name, figure]) =>
      comparedWith(floorOf(name), name.startsWith('floor') ? 'floor, that body' : name, figure),
    ),
  );
}

/** Denials, whose evidence is read from the API server again before they are said. */
export async function denials(ports: Ports, bodies: RouteBodies, size: Size, { quick }: Pace): Promise<void> {
  const asked = asking(ports.ours);
  const one = readFileSync(bodies.denial);
  await expectVerdict(asked, one, false, 'target-no-ready-endpoints');
  const apart: number[] = [];
  for (let run = 0; run < (quick ? 8 : 40); run += 1) {
    // Evidence is good for a second.
    await sleep(1100);
    apart.push((await asked.ask(one)).milliseconds);
  }
  const others = guestDenials(Math.min(size.routes, 200));
  await expectVerdict(asked, others[0] ?? '', false, 'target-undersized');
  await sleep(1100);
  const inTurn: number[] = [];
  for (const body of others) inTurn.push((await asked.ask(body)).milliseconds);
  await sleep(1100);
  const atOnce = await sixteenAtOnce(asked, others);
  asked.close();
  const row = (name: string, values: readonly number[]): readonly string[] => [
    name,
    String(values.length),
    quantile(values, 0.5).toFixed(1),
    quantile(values, 0.99).toFixed(1),
  ];
  table('| denied, with live reads | reviews | p50 ms | p99 ms |', [
    row('one route, 1.1 s apart', apart),
    row('different routes, one after the other', inTurn),
    row('different routes, 16 at once', atOnce),
  ]);
  const p50 = Math.max(quantile(apart, 0.5), quantile(inTurn, 0.5));
  bar('a denial with its live reads: p50 at most 25 ms', `${p50.toFixed(1)} ms`, p50 <= 25);
}

async function sixteenAtOnce(asked: Asking, bodies: readonly string[]): Promise<readonly number[]> {
  const taken: number[] = [];
  const left = bodies[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const body of left) taken.push((await asked.ask(body)).milliseconds);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return taken;
}

/** From the moment a pod's status is sent to the API server until the same review gets the other verdict. */
export async function flips(plane: Plane, ports: Ports, bodies: RouteBodies, { quick }: Pace): Promise<void> {
  const asked = asking(ports.ours);
  const body = readFileSync(bodies.fickle);
  const took = new Map<boolean, number[]>([
    [true, []],
    [false, []],
  ]);
  for (let run = 0; run < (quick ? 5 : 20); run += 1)
    for (const [ready, all] of took) {
      const begun = performance.now();
      const written = setPodReady(plane.api, namespace, fickle.pod, ready);
      while ((await asked.ask(body)).allowed !== ready) await sleep(2);
      all.push(performance.now() - begun);
      await written;
      // Sooner and later than the second for which evidence is reused.
      await sleep(50 + 100 * run);
    }
  asked.close();
  table(
    '| a pod changes, until the verdict changes | times | p50 ms | longest ms |',
    [...took].map(([ready, all]) => [
      ready ? 'ready: denied, then allowed' : 'not ready: allowed, then denied',
      String(all.length),
      quantile(all, 0.5).toFixed(0),
      quantile(all, 1).toFixed(0),
    ]),
  );
  const longest = Math.max(...[...took.values()].flat());
  bar('from a pod’s readiness to another verdict: at most 1 s', `${longest.toFixed(0)} ms`, longest <= 1000);
}

/** Reviews without HTTP and TLS, in a process of its own. */
export async function inProcess(
  { node, kubeconfig }: { readonly node: readonly [string, ...string[]]; readonly kubeconfig: string },
  bodies: RouteBodies & ManyBodies,
  { quick }: Pace,
): Promise<void> {
  const rows = {
    growth: 'share grows, allowed',
    rule: 'DestinationRule',
    same: '100 rules of the same 5 destinations',
    many: '100 rules of 5 destinations each of its own',
  } as const;
  const names = Object.keys(rows) as (keyof typeof rows)[];
  const [file, ...flags] = node;
  const given = [...flags, kubeconfig, String(quick ? 1 : 4), ...names.map((name) => bodies[name])];
  const { stdout } = await promisify(execFile)(file, given);
  const measured = JSON.parse(stdout) as Record<(typeof names)[number], InProcess>;
  table(
    '| in process | judged, p50 ms | judged, p99 ms | with its JSON, CPU ms |',
    names.map((name) => {
      const { judge, judgeP99, cpu } = measured[name];
      return [rows[name], ...[judge, judgeP99, cpu].map((value) => value.toFixed(3))];
    }),
  );
  const { judge } = measured.many;
  bar('100 rules of 5 destinations: judged within 2 ms in process', `${judge.toFixed(2)} ms`, judge <= 2);
}
