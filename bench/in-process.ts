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
  /** Of the processor, on average, with the JSON on both sides. */
  readonly cpu: number;
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
  await asked(body, Number(seconds));
  const before = cpuMs();
  const took = await asked(body, Number(seconds));
  return { judge: quantile(took, 0.5), judgeP99: quantile(took, 0.99), cpu: (cpuMs() - before) / took.length };
}

/** Reviews for so long; what judging took, each time. */
async function asked(body: Buffer, forSeconds: number): Promise<readonly number[]> {
  const took: number[] = [];
  const end = performance.now() + 1000 * forSeconds;
  while (performance.now() < end) {
    // Otherwise no watch is heard, and the caches count as stale.
    await setImmediate();
    const decoded = decodeReview(body);
    if (!decoded.ok) throw new Error(decoded.fault);
    const begun = performance.now();
    const { verdict } = await review(decoded.request, context);
    took.push(performance.now() - begun);
    encodeReview(decoded.request, 'validate', verdict);
    if (!verdict.allowed) throw new Error(verdict.message);
  }
  return took;
}

/** Of this thread: what others do with the core in between is not in it. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
