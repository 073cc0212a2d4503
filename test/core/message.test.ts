import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { cut, denialCharacters, denialMessage, plain, warningCharacters, warningLine } from '../../src/core/message.ts';
import { holds } from './property.ts';
import { aFinding } from './samples.ts';

// What a terminal or a log reader would obey: controls, line and paragraph separators, and everything that turns text around.
const obeyed = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const text = fc.string({ unit: 'binary', maxLength: 300 });
const nasty = fc.array(
  fc.oneof(text, fc.constantFrom('\n', '\r\n', '\u001b[2J', '\u202e', '\u061c', '\u2028', '\u0000', '\u009b', '😀')),
);
const messages = nasty.map((parts) => parts.join(''));
const finding = messages.map((message) => aFinding({ message }));

void t.test('a denial has a line a finding', (t) => {
  t.equal(denialMessage([]), '');
  t.equal(denialMessage([aFinding()]), '[a-policy] 2 pods are cold');
  const two = [aFinding(), aFinding({ policy: 'another', message: 'no\nway' })];
  t.equal(denialMessage(two), '[a-policy] 2 pods are cold\n[another] no way');
  t.end();
});

void t.test('what does not fit a denial is counted', (t) => {
  const many = Array.from({ length: 100 }, (_, index) => aFinding({ message: `${'x'.repeat(90)} ${index}` }));
  const lines = denialMessage(many).split('\n');
  const last = lines.at(-1) ?? '';
  t.equal(last, `(and ${100 - (lines.length - 1)} more: see the audit log)`);
  t.ok(lines.length > 5, 'and as many as fit are there');
  for (const line of lines.slice(0, -1)) t.notMatch(line, /…/, 'a line is whole or counted');

  const long = denialMessage([aFinding({ message: 'x'.repeat(5000) })]);
  t.equal(long.length, denialCharacters, 'a single finding uses the room there is');
  t.ok(long.endsWith('…'));
  const first = denialMessage([aFinding({ message: 'x'.repeat(5000) }), aFinding(), aFinding()]);
  t.match(first, /…\n\(and 2 more: see the audit log\)$/);
  t.end();
});

void t.test('properties', (t) => {
  const denial = fc.property(fc.array(finding, { maxLength: 20 }), (findings) => {
    const message = denialMessage(findings);
    const lines = message.split('\n');
    assert.ok(message.length <= denialCharacters);
    assert.ok(message.isWellFormed());
    assert.ok(!lines.some((line) => obeyed.test(line)));
    const more = /^\(and (\d+) more: see the audit log\)$/.exec(lines.at(-1) ?? '');
    const told = findings.length === 0 ? 0 : lines.length;
    assert.equal(more === null ? told : told - 1 + Number(more[1]), findings.length);
  });
  holds(t, 'a denial is at most 1 KiB of plain, whole characters that accounts for every finding', denial);
  const warning = fc.property(finding, (one) => {
    const line = warningLine(one);
    assert.ok(line.length <= warningCharacters);
    assert.ok(line.isWellFormed());
    assert.doesNotMatch(line, obeyed);
    assert.ok(line.startsWith('[a-policy] '));
  });
  holds(t, 'a warning is one line of at most 120 plain, whole characters, the policy first', warning);
  const moved = fc.property(messages, (message) => assert.equal(plain(message).length, message.length));
  holds(t, 'plain text is as long as what it was made from', moved);
  const shortened = fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (whole, characters) => {
    const result = cut(whole, characters);
    assert.ok(result.length <= characters);
    assert.ok(result.isWellFormed());
    assert.ok(result === whole || whole.startsWith(result.slice(0, -1)));
  });
  holds(t, 'what is cut is a beginning of whole characters', shortened);
  t.end();
});

void t.test('plain text', (t) => {
  t.equal(plain('a\r\nb\tc'), 'a  b c');
  t.equal(plain('\u001b[31mred\u009b0m'), ' [31mred 0m');
  t.equal(plain('pay\u202eevil\u2066x\u2069'), 'pay evil x ');
  for (const mark of ['\u061c', '\u200e', '\u200f'])
    t.equal(plain(mark), ' ', `U+${mark.charCodeAt(0).toString(16)} turns text around`);
  t.equal(plain('a\u2028b\u2029c'), 'a b c');
  t.equal(plain('Größe 😀 é — „x“'), 'Größe 😀 é — „x“', 'the rest stays');
  t.end();
});

void t.test('cut', (t) => {
  t.equal(cut('four', 4), 'four');
  t.equal(cut('fives', 4), 'fiv…');
  t.equal(cut('fives', 1), '…');
  t.equal(cut('fives', 0), '');
  t.equal(cut('fives', -3), '');
  t.equal(cut('ab😀', 3), 'ab…');
  t.equal(cut('a😀b', 3), 'a…', 'no half of a pair');
  t.equal(cut('😀😀', 3), '😀…');
  t.end();
});
