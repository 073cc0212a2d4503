import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import { parseDocument } from 'yaml';
import { pasteCharacters, warningCharacters } from '../../src/core/message.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { policies } from '../../src/policies/index.ts';
import { ask, asExpected, codesOf, play, readCases, silence, type Case } from './cases.ts';

// BOUNCER_UPDATE_CASES=1 writes what is answered into the cases, to be read before it is committed. Never set in CI.
const updating = process.env['BOUNCER_UPDATE_CASES'] === '1';
t.notOk(updating && process.env['CI'] !== undefined, 'cases are not rewritten in CI');

function rewrite(one: Case, expected: Case['expect']): void {
  const document = parseDocument(readFileSync(one.file, 'utf8'));
  document.set('expect', document.createNode(expected));
  writeFileSync(one.file, document.toString({ lineWidth: 130, flowCollectionPadding: true }));
}

/** A line to copy is longer, and says what to write. */
function mostCharacters(warning: string): number {
  return /^\[[a-z-]+\] write /.test(warning) ? pasteCharacters : warningCharacters;
}

/** What was read out of the rules holds, whatever is expected of the words. */
function derivedHolds(t: Test, { derived }: Case, verdicts: readonly Verdict[]): void {
  const allowed = verdicts.every((verdict) => verdict.allowed);
  if (derived.allowed !== undefined) t.equal(allowed, derived.allowed, 'allowed as derived');
  if (derived.codes !== undefined) t.strictSame(codesOf(verdicts, ['deny', 'warn']), derived.codes, 'codes as derived');
  const informed = codesOf(verdicts, ['info']);
  for (const code of derived.info) t.ok(informed.includes(code), `informs of ${code}, among ${informed.join(', ')}`);
}

/** The side that a policy does not take part in is not written down when it says nothing. */
function worthWriting(one: Case, answered: Required<Case['expect']>): Case['expect'] {
  const mutates = policies.some(({ id, phases }) => id === one.policy && phases.includes('mutate'));
  const { mutate, validate } = answered;
  return !mutates && isDeepStrictEqual(mutate, silence) ? { validate } : { mutate, validate };
}

for (const one of readCases()) {
  await t.test(`${one.policy}: ${one.title}`, async (t) => {
    const { mutate, validate, patched } = await play(one);
    const answered = { mutate: asExpected(mutate), validate: asExpected(validate) };
    if (updating) rewrite(one, worthWriting(one, answered));
    else t.strictSame(JSON.parse(JSON.stringify(answered)), { mutate: silence, ...one.expect });
    derivedHolds(t, one, [mutate, validate]);
    t.same((await ask(one, patched, 'mutate')).patch, [], 'a mutator is silent on its own output');
    for (const warning of [...mutate.warnings, ...validate.warnings]) t.ok(warning.length <= mostCharacters(warning), warning);
  });
}
