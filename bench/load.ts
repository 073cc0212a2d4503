import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { binary } from '../test/controlplane/assets.ts';

export interface Load {
  readonly url: string;
  readonly bodyFile: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Report {
  readonly result: {
    readonly req2xx: number;
    readonly req1xx: number;
    readonly req3xx: number;
    readonly req4xx: number;
    readonly req5xx: number;
    readonly others: number;
    readonly timeTakenSeconds: number;
    readonly latency: { readonly percentiles: Readonly<Record<string, number>> };
  };
}

/** One run of the one load generator. @throws when an answer was not 2xx: a figure for errors is none. */
export async function run({ url, bodyFile, connections, seconds, headers = {} }: Load): Promise<Figures> {
  const all = { 'Content-Type': 'application/json', ...headers };
  const given = Object.entries(all).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = [
    '-k',
    '-l',
    '-p',
    'r',
    '-o',
    'json',
    '-m',
    'POST',
    '-f',
    bodyFile,
    '-c',
    String(connections),
    '-d',
    `${seconds}s`,
    ...given,
    url,
  ];
  const { stdout } = await promisify(execFile)(binary('bombardier'), args);
  const { result } = JSON.parse(stdout) as Report;
  const failed = result.req1xx + result.req3xx + result.req4xx + result.req5xx + result.others;
  if (failed > 0 || result.req2xx === 0) throw new Error(`${url}: ${failed} of ${failed + result.req2xx} calls failed`);
  const { percentiles } = result.latency;
  return {
    perSecond: result.req2xx / result.timeTakenSeconds,
    p50Ms: (percentiles['50'] ?? 0) / 1000,
    p99Ms: (percentiles['99'] ?? 0) / 1000,
  };
}

/** Every row once a round, after five seconds of warming up, so that a slow moment of the machine falls on all of them; the median of each figure. */
export async function interleaved(rows: ReadonlyMap<string, Load>, rounds: number): Promise<ReadonlyMap<string, Figures>> {
  const samples = new Map<string, Figures[]>([...rows.keys()].map((name) => [name, []]));
  for (const [, load] of rows) await run({ ...load, seconds: Math.max(load.seconds, 5) });
  for (let round = 0; round < rounds; round += 1) for (const [name, load] of rows) samples.get(name)?.push(await run(load));
  return new Map([...samples].map(([name, figures]) => [name, medians(figures)]));
}

function medians(figures: readonly Figures[]): Figures {
  const median = (of: (figure: Figures) => number): number => {
    const sorted = figures.map(of).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  return {
    perSecond: median(({ perSecond }) => perSecond),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
  };
}

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return Number(kilobytes) / 1024;
}
