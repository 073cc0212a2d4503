import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  causeCharacters,
  causeLine,
  cut,
  denialCharacters,
  denialMessage,
  plain,
  warningCharacters,
  warningLines,
} from '../../src/core/message.ts';
import { holds } from './property.ts';
import { aFinding } from './samples.ts';

// What a terminal or a log reader would obey: controls, line and paragraph separators, and everything that turns text around.
const obeyed = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const text = fc.string({ unit: 'binary', maxLength: 300 });
const nasty = fc.array(
  fc.oneof(text, fc.constantFrom('\n', '\r\n', '\u001b[2J', '\u202e', '\u061c', '\u2028', '\u0000', '\u009b', '😀')),
);
const messages = nasty.map((parts) => parts.join(''));
const finding = fc
  .tuple(messages, fc.option(messages, { nil: undefined }))
  .map(([message, next]) => aFinding({ message, ...(next !== undefined && { next }) }));

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

void t.test('the first line stays whole where it leaves room to say that there are others', (t) => {
  const others = Array.from({ length: 12 }, () => aFinding({ message: 'x'.repeat(400) }));
  const count = '\n(and 12 more: see the audit log)';
  const whole = 'y'.repeat(denialCharacters - '[a-policy] '.length - count.length);
  t.equal(denialMessage([aFinding({ message: whole }), ...others]), `[a-policy] ${whole}${count}`);
  t.equal(denialMessage([aFinding({ message: `${whole}y` }), ...others]), `[a-policy] ${whole.slice(1)}…${count}`);
  t.end();
});

void t.test('what to type next stands behind the message', (t) => {
  const one = aFinding({ next: 'kubectl\nget pods' });
  t.equal(denialMessage([one]), '[a-policy] 2 pods are cold. kubectl get pods');
  t.equal(causeLine(one), '2 pods are cold. kubectl get pods');
  t.strictSame(warningLines(one), ['[a-policy] 2 pods are cold'], 'never of a warning');
  t.equal(causeLine(aFinding()), '2 pods are cold');
  t.end();
});

void t.test('when space is short, what to type next goes first, from the last line upwards', (t) => {
  const three = ['one', 'two', 'three'].map((message) => aFinding({ message, next: message.charAt(0).repeat(400) }));
  const [first, second, third] = denialMessage(three).split('\n');
  t.equal(first, `[a-policy] one. ${'o'.repeat(400)}`);
  t.equal(second, `[a-policy] two. ${'t'.repeat(400)}`);
  t.equal(third, '[a-policy] three', 'the message itself stays');

  const crowded = Array.from({ length: 4 }, () => aFinding({ message: 'x'.repeat(450), next: 'a command' }));
  const lines = denialMessage(crowded).split('\n');
  t.equal(lines.at(-1), '(and 2 more: see the audit log)');
  for (const line of lines.slice(0, -1)) t.match(line, /x\. a command$/, 'what is told is told with its way out where it fits');

  const long = denialMessage([aFinding({ next: 'z'.repeat(1100) })]);
  t.equal(long, '[a-policy] 2 pods are cold', 'no half of a command');
  t.end();
});

void t.test('a cause has the way out whole, or not at all', (t) => {
  t.equal(causeLine(aFinding({ message: 'x'.repeat(600), next: 'z'.repeat(422) })).length, causeCharacters);
  t.equal(causeLine(aFinding({ message: 'x'.repeat(600), next: 'z'.repeat(423) })), 'x'.repeat(600));
  t.equal(causeLine(aFinding({ message: 'x'.repeat(5000), next: 'z' })), `${'x'.repeat(causeCharacters - 1)}…`);
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
  const nextParts = fc.property(fc.array(finding, { maxLength: 20 }), (findings) => {
    const silent = findings.map(({ message }) => aFinding({ message }));
    const [spoken, bare] = [denialMessage(findings).split('\n'), denialMessage(silent).split('\n')];
    const whole = (index: number) => `${bare[index] ?? ''}${plain(`. ${findings[index]?.next ?? ''}`)}`;
    const withNext = spoken.map((line, index) => line !== bare[index]);
    for (const [index, line] of spoken.entries()) assert.ok(line === bare[index] || line === whole(index));
    const dropped = spoken.findIndex((line, index) => line === bare[index] && findings[index]?.next !== undefined);
    assert.ok(dropped === -1 || !withNext.slice(dropped).includes(true), 'from the last line upwards');
  });
  holds(t, 'what to type next changes no message, is whole or absent, and goes from the last line upwards', nextParts);
  const cause = fc.property(finding, (one) => {
    const line = causeLine(one);
    assert.ok(line.length <= causeCharacters);
    assert.ok(line.isWellFormed());
    assert.doesNotMatch(line, obeyed);
  });
  holds(t, 'a cause is one line of at most 1 KiB of plain, whole characters', cause);
  const warning = fc.property(finding, (one) => {
    const [line = ''] = warningLines(one);
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

void t.test('a line to copy follows its warning, and is longer', (t) => {
  const paste = `rollback-bouncer.dev/x: "${'y'.repeat(150)}"`;
  t.strictSame(warningLines(aFinding({ paste })), ['[a-policy] 2 pods are cold', `[a-policy] write ${paste}`]);
  const [, line = ''] = warningLines(aFinding({ paste: 'z'.repeat(300) }));
  t.equal(line.length, 256);
  t.end();
});
