import type { Labels } from './objects.ts';

/**
 * Objects of one kind, found by name, by index or by labels; never all of them.
 * Every look is noted, so that before a denial the same looks are answered by the API server instead of a cache.
 */
export interface Lookup<T, I extends string = never> {
  readonly get: (namespace: string, name: string) => T | undefined;
  readonly by: (index: I, value: string) => readonly T[];
  /** Whether anything was looked up; absent where nobody notes it. */
  readonly asked?: () => boolean;
}

/** Also found by the labels that matter about it: those of pods, those of the pod template of a workload. */
export interface LabelLookup<T, I extends string = never> extends Lookup<T, I> {
  /** All objects that carry all of these labels; none when no label is given. */
  readonly select: (namespace: string, labels: Labels) => readonly T[];
}
