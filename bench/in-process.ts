/**
 * What a review costs without HTTP and TLS: decoded, judged with the caches of a real cluster, encoded. Prints milliseconds as JSON.
 *
 *   node bench/in-process.ts KUBECONFIG SECONDS BODY...
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { connectCluster } from '../src/cluster/cluster.ts';
import { kindNames } from '../src/cluster/kinds.ts';
import { loadKubeConfig } from '../src/cluster/kubeconfig.ts';
import { defaultSettings } from '../src/core/modes.ts';
import { review, type ReviewContext } from '../src/core/review.ts';
import { selector } from '../src/core/select.ts';
import { policies } from '../src/policies/index.ts';
import { decodeReview, encodeReview } from '../src/server/codec.ts';
import { quantile } from './ask.ts';

/** Milliseconds of a review. */
export interface InProcess {
  /** Facts, policies, verdict; in the middle of all runs. */
  readonly judge: number;
  readonly judgeP99: number;
  /** On average, of the processor. */
  readonly judgeCpu: number;
  /** With the JSON on both sides. */
  readonly wholeCpu: number;
}

const [kubeconfig = '', seconds = '', ...bodies] = process.argv.slice(2);
const loaded = loadKubeConfig(kubeconfig);
if (!loaded.ok) throw new Error(loaded.fault);
const silent = () => undefined;
const cluster = connectCluster({
  kubeConfig: loaded.kubeConfig,
  kinds: kindNames,
  observer: { onRelist: silent, onError: silent, onCallbackError: silent },
});
await cluster.whenSynced();

const context: ReviewContext = {
  phase: 'validate',
  select: selector(policies),
  settings: defaultSettings,
  now: Date.now(),
  gather: cluster.gather,
  confirm: cluster.confirm,
  onError: (policy, error) => {
    throw new Error(`${policy}: ${String(error)}`);
  },
};
const results: Record<string, InProcess> = {};
for (const file of bodies) results[basename(file, '.json')] = await measured(readFileSync(file));
await cluster.stop();
console.log(JSON.stringify(results));

async function measured(body: Buffer): Promise<InProcess> {
  const judge: number[] = [];
  const spent = { whole: 0, judge: 0 };
  const startAt = performance.now() + 1000 * Number(seconds);
  const endAt = startAt + 1000 * Number(seconds);
  for (let now = 0; now < endAt; now = performance.now()) {
    // Otherwise no watch is heard, and the caches count as stale.
    await setImmediate();
    const begun = cpuMs();
    const decoded = decodeReview(body);
    if (!decoded.ok) throw new Error(decoded.fault);
    const [decodedAt, startedAt] = [cpuMs(), performance.now()];
    const { verdict } = await review(decoded.request, context);
    const [judgedAt, endedAt] = [cpuMs(), performance.now()];
    encodeReview(decoded.request, 'validate', verdict);
    if (!verdict.allowed) throw new Error(verdict.message);
    // The first half warms up.
    if (now < startAt) continue;
    judge.push(endedAt - startedAt);
    spent.judge += judgedAt - decodedAt;
    spent.whole += cpuMs() - begun;
  }
  const mean = (sum: number): number => sum / judge.length;
  return {
    judge: quantile(judge, 0.5),
    judgeP99: quantile(judge, 0.99),
    judgeCpu: mean(spent.judge),
    wholeCpu: mean(spent.whole),
  };
}

/** Of this thread: what others do with the core in between is not in it. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
