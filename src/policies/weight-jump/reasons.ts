import { findingSpec } from '../../core/finding.ts';
import { step, type OfGain, type OfStep } from './details.ts';

/** Why a change passes: for the record, not for the user. */
export const reasons = {
  'no-op': findingSpec<{ readonly object: string }>({
    effect: 'info',
    means: 'Nothing that moves traffic changes.',
    remedy: 'Nothing to do.',
    say: ({ object }) => `${object}: nothing that moves traffic changes`,
  }),
  'decrease-only': findingSpec<{ readonly object: string }>({
    effect: 'info',
    means: 'No share grows.',
    remedy: 'Nothing to do.',
    say: ({ object }) => `${object}: no share grows`,
  }),
  initial: findingSpec<{ readonly object: string }>({
    effect: 'info',
    means: 'A new route for traffic that nobody served by itself: only what has no ready pod beside what has is denied.',
    remedy: 'Nothing to do.',
    say: ({ object }) => `${object}: a first route`,
  }),
  external: findingSpec<OfStep>({
    effect: 'info',
    means: 'The destination is outside of the cluster.',
    remedy: 'Nothing to do.',
    say: (detail) => `${step(detail)}: outside of the cluster`,
  }),
  'rollback-to-lkg': findingSpec<OfGain>({
    effect: 'info',
    means: 'The traffic goes back to what carried it well before: no ladder, half of the capacity is enough.',
    remedy: 'Nothing to do.',
    say: (detail) => `${step(detail)}: back to the last known good, ${detail.ready} ready pods`,
  }),
  'growth-fits': findingSpec<OfGain>({
    effect: 'info',
    means: 'Enough pods of the destination are ready, and warm where that is asked.',
    remedy: 'Nothing to do.',
    say: (detail) => `${step(detail)}: ${detail.ready} ready pods, ${detail.needed} needed`,
  }),
};
