/**
 * What a review costs without HTTP and TLS: decoded, judged with the caches of a real cluster, encoded. Prints milliseconds as JSON.
 *
 *   node bench/in-process.ts KUBECONFIG COUNT BODY...
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { connectCluster } from '../src/cluster/cluster.ts';
import { kindNames } from '../src/cluster/kinds.ts';
import { loadKubeConfig } from '../src/cluster/kubeconfig.ts';
import { defaultSettings } from '../src/core/modes.ts';
import { review, type ReviewContext } from '../src/core/review.ts';
import { selector } from '../src/core/select.ts';
import { policies } from '../src/policies/index.ts';
import { decodeReview, encodeReview } from '../src/server/codec.ts';
import { quantile } from './ask.ts';

/** Milliseconds, in the middle of all runs. */
export interface InProcess {
  /** Facts, policies, verdict. */
  readonly judge: number;
  readonly judgeP99: number;
  /** With the JSON on both sides. */
  readonly whole: number;
}

const [kubeconfig = '', count = '', ...bodies] = process.argv.slice(2);
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
  const [judge, whole]: [number[], number[]] = [[], []];
  for (let run = 0; run < 2 * Number(count); run += 1) {
    const begun = performance.now();
    const decoded = decodeReview(body);
    if (!decoded.ok) throw new Error(decoded.fault);
    const decodedAt = performance.now();
    const { verdict } = await review(decoded.request, context);
    const judgedAt = performance.now();
    encodeReview(decoded.request, 'validate', verdict);
    // The first half warms up.
    if (run < Number(count)) continue;
    judge.push(judgedAt - decodedAt);
    whole.push(performance.now() - begun);
    if (!verdict.allowed) throw new Error(verdict.message);
  }
  return { judge: quantile(judge, 0.5), judgeP99: quantile(judge, 0.99), whole: quantile(whole, 0.5) };
}
