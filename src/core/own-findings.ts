import { factNames, type FactKey } from './facts.ts';
import { findingSpec, type FindingSpec } from './finding.ts';

/** Codes that core itself raises: the first three for any policy, the others under the name `review`. */
export const ownFindings: Readonly<Record<string, FindingSpec>> = {
  'fact-unknown': findingSpec<{ readonly fact: FactKey; readonly why: string }>({
    effect: 'warn',
    means: 'A fact that the policy needs could not be read, so it did not judge; the effect is that of its blind table.',
    remedy: 'Look at the age of the cache in /metrics and at the log of rollback-bouncer; try again.',
    say: ({ fact, why }) => `not judged: ${factNames[fact]} unknown (${why})`,
    next: () => 'Apply again when the cluster answers. If it cannot wait: docs/break-glass.md.',
  }),
  'policy-error': findingSpec<{ readonly error: string }>({
    effect: 'warn',
    means: 'The policy failed on this object. This is a bug in rollback-bouncer; the effect is that of its blind table.',
    remedy: 'Report the line of the log that carries this decision id.',
    say: ({ error }) => `not judged: internal error (${error})`,
  }),
  'and-more': findingSpec<{ readonly count: number }>({
    effect: 'warn',
    means: 'The policy found more in this object than one answer and one line of the log may hold. Denials are named first.',
    remedy: 'Mend what is named, and apply again.',
    say: ({ count }) => `and ${count} more findings`,
  }),
  'malformed-review': findingSpec<{ readonly missing: string }>({
    effect: 'deny',
    means: 'The review lacks the object, or the old object of an update, so nothing can be judged.',
    remedy: 'The API server never sends such a review; look at who else calls the webhook.',
    say: ({ missing }) => `the review carries no ${missing}`,
  }),
  'unknown-mode': findingSpec<{ readonly label: string }>({
    effect: 'warn',
    means: 'A mode label of the namespace has a value that is none of enforce, warn, audit, off; the label is ignored.',
    remedy: 'kubectl label namespace NAME --overwrite LABEL=enforce',
    say: ({ label }) => `namespace label "${label}" ignored: use enforce, warn, audit or off`,
  }),
};
