import t from 'tap';
import { auditRecord } from '../../src/audit/record.ts';
import { known, unknown, type Facts } from '../../src/core/facts.ts';
import type { Lookup } from '../../src/core/lookup.ts';
import { foldVerdict } from '../../src/core/verdict.ts';
import { aRequest } from '../core/samples.ts';

const lookup = (asked?: boolean): Lookup<never> => ({
  get: () => undefined,
  by: () => [],
  ...(asked === undefined ? {} : { asked: () => asked }),
});

void t.test('of lookups, only those that were asked are in the line', (t) => {
  const facts = {
    namespaceLabels: known(new Map<string, string>(), 1.26),
    ownedReplicaSets: unknown('timeout'),
    services: known(lookup(true), 2),
    pods: known(lookup(false), 2),
    canaries: known(lookup(true), Infinity),
    rollouts: known(lookup()),
    virtualServices: unknown('never synced; live read: timeout'),
  } as unknown as Facts;
  const line = auditRecord({
    request: aRequest(),
    phase: 'validate',
    verdict: foldVerdict([]),
    facts,
    patchDigest: undefined,
    durationMs: 1,
    attempt: 1,
  });
  t.strictSame(line['facts'], {
    namespaceLabels: { ageSeconds: 1.3 },
    ownedReplicaSets: { unknown: 'timeout' },
    services: { ageSeconds: 2 },
    canaries: { unknown: 'never synced' },
    rollouts: { ageSeconds: 0 },
    virtualServices: { unknown: 'never synced; live read: timeout' },
  });
  t.end();
});
