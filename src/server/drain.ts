/**
 * `serving` -> `leaving` (not ready; calls are still answered, each asked to open a new connection next time)
 * -> `refusing` (calls get 503 with Retry-After, which the API server repeats elsewhere with the same uid).
 * The API server does not repeat a call whose connection breaks (https://github.com/kubernetes/kubernetes/issues/127335).
 */
export type DrainState = 'serving' | 'leaving' | 'refusing';

export interface Drain {
  readonly state: () => DrainState;
  readonly leave: () => void;
  readonly refuse: () => void;
}

export function createDrain(): Drain {
  let state: DrainState = 'serving';
  return {
    state: () => state,
    leave: () => {
      if (state === 'serving') state = 'leaving';
    },
    refuse: () => {
      state = 'refusing';
    },
  };
}
