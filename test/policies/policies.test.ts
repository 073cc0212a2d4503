import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { parseDocument } from 'yaml';
import { warningCharacters } from '../../src/core/message.ts';
import { ask, asExpected, play, readCases, type Case } from './cases.ts';

// BOUNCER_UPDATE_CASES=1 writes what is answered into the cases, to be read before it is committed. Never set in CI.
const updating = process.env['BOUNCER_UPDATE_CASES'] === '1';
t.notOk(updating && process.env['CI'] !== undefined, 'cases are not rewritten in CI');

function rewrite(one: Case, expected: Case['expect']): void {
  const document = parseDocument(readFileSync(one.file, 'utf8'));
  document.set('expect', document.createNode(expected));
  writeFileSync(one.file, document.toString({ lineWidth: 130, flowCollectionPadding: true }));
}

for (const one of readCases()) {
  await t.test(`${one.policy}: ${one.title}`, async (t) => {
    const { mutate, validate, patched } = await play(one);
    const answered = { mutate: asExpected(mutate), validate: asExpected(validate) };
    if (updating) rewrite(one, answered);
    else t.strictSame(JSON.parse(JSON.stringify(answered)), one.expect);
    t.same((await ask(one, patched, 'mutate')).patch, [], 'a mutator is silent on its own output');
    for (const warning of [...mutate.warnings, ...validate.warnings]) t.ok(warning.length <= warningCharacters, warning);
  });
}
