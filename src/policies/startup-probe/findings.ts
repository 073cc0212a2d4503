import { findingSpec } from '../../core/finding.ts';

interface OfContainer {
  readonly [key: string]: string | number;
  readonly container: string;
}

const ofContainer = (name: string): string => `container ${name}`;

export const findings = {
  'probe-added': findingSpec<OfContainer & { readonly handler: string; readonly source: string; readonly budgetSeconds: number }>(
    {
      effect: 'info',
      means: 'A JVM container had no startupProbe and got one.',
      remedy: 'Nothing to do. Write your own startupProbe to decide yourself; it is never touched.',
      say: ({ container, handler, source, budgetSeconds }) =>
        `${ofContainer(container)}: add startupProbe ${handler} (from ${source}, ${budgetSeconds} s)`,
    },
  ),
  'probe-restored': findingSpec<OfContainer & { readonly from: string }>({
    effect: 'info',
    means: 'The write dropped a startupProbe of ours that was stored; it was put back, so that nothing rolls out.',
    remedy: 'Nothing to do.',
    say: ({ container, from }) => `${ofContainer(container)}: put our startupProbe back as in ${from}`,
  }),
  'probe-renewed': findingSpec<
    OfContainer & { readonly handler: string; readonly source: string; readonly budgetSeconds: number }
  >({
    effect: 'info',
    means: 'The template changed, and a startupProbe of ours was derived anew from it.',
    remedy: 'Nothing to do.',
    say: ({ container, handler, source, budgetSeconds }) =>
      `${ofContainer(container)}: derive our startupProbe anew: ${handler} (from ${source}, ${budgetSeconds} s)`,
  }),
  'probe-repaired': findingSpec<OfContainer & { readonly handler: string }>({
    effect: 'info',
    means: 'A merge put the author’s handler beside ours, which the API server refuses; ours was taken out, the numbers stay.',
    remedy: 'Nothing to do. Write the numbers, too, to decide about them.',
    say: ({ container, handler }) => `${ofContainer(container)}: keep the author’s ${handler}, take our handler out`,
  }),
  'probe-removed': findingSpec<OfContainer & { readonly why: string }>({
    effect: 'info',
    means: 'A startupProbe of ours was taken out: nothing is left to ask, or a warm ReplicaSet runs without it.',
    remedy: 'Nothing to do.',
    say: ({ container, why }) => `${ofContainer(container)}: remove our startupProbe: ${why}`,
  }),
  'kept-warm': findingSpec<
    OfContainer & { readonly replicaSet: string; readonly readyPods: number; readonly desiredPods: number }
  >({
    effect: 'warn',
    means: 'The template equals that of a ReplicaSet that serves now. A startupProbe would replace its warm pods by cold ones.',
    remedy: 'Add the startupProbe to the manifest with the next release.',
    say: ({ container, replicaSet, readyPods, desiredPods }) =>
      `${container}: no startupProbe, ${readyPods} of ${desiredPods} pods stay warm in ${replicaSet}`,
  }),
  'probe-missing': findingSpec<OfContainer & { readonly handler: string }>({
    effect: 'warn',
    means: 'A JVM container is stored without a startupProbe: the mutating side could not reach it or may not change it here.',
    remedy: 'Apply the object again, or write the startupProbe into the manifest.',
    say: ({ container, handler }) => `${ofContainer(container)} runs a JVM without startupProbe; ${handler} would do`,
  }),
  'probe-stale': findingSpec<OfContainer>({
    effect: 'warn',
    means: 'A startupProbe of ours is stored that no longer fits the container: the mutating side could not reach it.',
    remedy: 'Apply the object again.',
    say: ({ container }) => `${ofContainer(container)}: our startupProbe no longer fits; apply again`,
  }),
  'no-handler': findingSpec<OfContainer>({
    effect: 'warn',
    means: 'A JVM container has neither a probe nor one plausible port to derive a startupProbe from.',
    remedy: 'Add a livenessProbe, a readinessProbe or a startupProbe.',
    say: ({ container }) => `${ofContainer(container)} runs a JVM, but no probe or port to derive a startupProbe from`,
  }),
  'startup-budget-short': findingSpec<OfContainer & { readonly budgetSeconds: number }>({
    effect: 'warn',
    means: 'The author’s startupProbe gives a JVM less than 60 s. A cold or throttled one is killed before it serves.',
    remedy: 'Raise failureThreshold x periodSeconds to 300 s.',
    say: ({ container, budgetSeconds }) =>
      `${ofContainer(container)}: startupProbe gives a JVM ${budgetSeconds} s; 300 s is safe`,
  }),
  'readiness-missing': findingSpec<OfContainer>({
    effect: 'warn',
    means: 'Without a readinessProbe a container takes traffic as soon as it has started.',
    remedy: 'Add a readinessProbe on an endpoint of its own.',
    say: ({ container }) => `${ofContainer(container)} runs a JVM without readinessProbe: traffic comes as soon as it started`,
  }),
  'readiness-equals-liveness': findingSpec<OfContainer & { readonly handler: string }>({
    effect: 'warn',
    means: 'One endpoint decides both about traffic and about restarts: whatever makes it unready gets it killed.',
    remedy: 'Give readiness an endpoint of its own.',
    say: ({ container, handler }) => `${container}: readiness equals liveness (${handler}): unready means killed`,
  }),
  'aggregate-health': findingSpec<OfContainer & { readonly handler: string }>({
    effect: 'warn',
    means: 'The startupProbe asks an endpoint that usually sums up all dependencies: an outage of one becomes a restart loop.',
    remedy: 'Offer a liveness endpoint without dependencies, or annotate rollback-bouncer.dev/startup-probe: "from=port".',
    say: ({ container, handler }) => `${ofContainer(container)}: startupProbe ${handler} may fail with a dependency`,
  }),
  'progress-deadline-short': findingSpec<OfContainer & { readonly neededSeconds: number; readonly deadlineSeconds: number }>({
    effect: 'warn',
    means: 'The startup budget and minReadySeconds together reach progressDeadlineSeconds: a slow start is reported as failed.',
    remedy: 'Raise spec.progressDeadlineSeconds above the sum.',
    say: ({ container, neededSeconds, deadlineSeconds }) =>
      `${ofContainer(container)} may need ${neededSeconds} s; progressDeadlineSeconds is ${deadlineSeconds}`,
  }),
  'recreate-strategy': findingSpec<OfContainer>({
    effect: 'warn',
    means: 'Recreate stops every warm pod before the first cold one starts.',
    remedy: 'Use RollingUpdate when two versions may run side by side.',
    say: ({ container }) => `${ofContainer(container)} runs a JVM under strategy Recreate: all warm pods go first`,
  }),
  'too-many-containers': findingSpec<{ readonly count: number }>({
    effect: 'warn',
    means: 'The template has more containers than a pod can run. It is not judged.',
    remedy: 'Split the workload.',
    say: ({ count }) => `not judged: ${count} containers in one pod template`,
  }),
  skipped: findingSpec<{ readonly reason: string }>({
    effect: 'info',
    means: 'The annotation rollback-bouncer.dev/startup-probe asks to be left alone.',
    remedy: 'Nothing to do.',
    say: ({ reason }) => `left alone by annotation: ${reason}`,
  }),
  'annotation-malformed': findingSpec<{ readonly annotation: string; readonly expected: string }>({
    effect: 'warn',
    means: 'An annotation of ours has a value we do not understand. It is ignored.',
    remedy: 'Correct the value.',
    say: ({ annotation, expected }) => `${annotation} ignored; write ${expected}`,
  }),
};
