import type { JsonObject } from './json.ts';

/** What a finding asks for by itself; the mode decides what is done about it. */
export type Effect = 'deny' | 'warn' | 'info';
export type Mode = 'enforce' | 'warn' | 'audit' | 'off';

/** One thing a policy has to say, before modes. */
export interface Finding {
  readonly policy: string;
  /** Kebab-case, a contract for logs, metrics and JSON: never renamed. */
  readonly code: string;
  readonly effect: Effect;
  readonly message: string;
  /** What to type next. Said with a denial only, so that a warning stays short. */
  readonly next?: string;
  /** A corrected line to copy; with a warning it is a line of its own. */
  readonly paste?: string;
  /** Field path in the object, as kubectl prints it; empty for the whole object. */
  readonly path: string;
  /** The numbers and names behind the message. */
  readonly detail: JsonObject;
}

export interface JudgedFinding extends Finding {
  readonly mode: Mode;
}

/** What a code of a policy means; `say` and `next` render the numbers, so that a finding carries no prose of its own. */
export interface FindingSpec<D extends JsonObject = JsonObject> {
  readonly effect: Effect;
  readonly means: string;
  readonly remedy: string;
  // Methods, so that a specification of some detail is one of any detail: the engine renders what evaluate was type-checked to raise.
  say(this: void, detail: D): string;
  /** What to type next when it denies; empty when there is nothing to type. */
  next?(this: void, detail: D): string;
  /** A corrected line to copy. */
  paste?(this: void, detail: D): string;
}

export function findingSpec<D extends JsonObject>(spec: FindingSpec<D>): FindingSpec<D> {
  return spec;
}
