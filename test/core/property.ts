import fc from 'fast-check';
import type { Test } from 'tap';

/** One assertion of a test: what the property asserts with node:assert is shrunk by fast-check before it fails. */
export function holds<T>(t: Test, says: string, property: fc.IProperty<T>, numRuns = 200): void {
  fc.assert(property, { numRuns });
  t.pass(says);
}
