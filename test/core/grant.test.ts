import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { parseGrant, type GrantRules } from '../../src/core/grant.ts';
import { formatTime, parseDuration, parseTime } from '../../src/core/time.ts';
import { holds } from './property.ts';

const now = Date.parse('2026-11-24T00:00:00Z');
const rules: GrantRules = { now, longestMs: 8 * 3_600_000, keys: ['until', 'reason', 'incident', 'target'] };
const good = 'until=2026-11-24T02:00:00Z; incident=INC-42; reason=additive column only';

void t.test('a grant as it should be', (t) => {
  t.strictSame(parseGrant(good, rules), {
    ok: true,
    grant: {
      until: Date.parse('2026-11-24T02:00:00Z'),
      reason: 'additive column only',
      incident: 'INC-42',
      target: undefined,
    },
  });
  for (const also of [
    'reason=additive column only;until=2026-11-24T02:00:00Z',
    ' until = 2026-11-24T03:00:00+01:00 ;  reason = a = b, ten characters ; ',
    'until=2026-11-24T07:59:59.999Z; reason=0123456789; target=sha256:abc',
  ])
    t.ok(parseGrant(also, rules).ok, also);
  t.end();
});

void t.test('what is wrong with a grant, and how to write it', (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /"" is none of until, reason, incident, target/],
    ['until=2026-11-24T02:00:00Z', /reason needs 10 characters/],
    ['reason=additive column only', /until is missing/],
    ['until=tomorrow; reason=additive column only', /no RFC 3339 time with a zone/],
    ['until=2026-11-24T02:00:00; reason=additive column only', /no RFC 3339 time with a zone/],
    ['until=2026-02-30T02:00:00Z; reason=additive column only', /no RFC 3339/],
    ['until=2026-11-24T00:00:00Z; reason=additive column only', /expired at 2026-11-24T00:00:00Z/],
    ['until=2026-11-24T08:00:01Z; reason=additive column only', /more than 8 h ahead/],
    ['until=2026-11-24T02:00:00Z; reason=because', /reason needs 10 characters/],
    [`${good}; reason=additive column only`, /reason is there twice/],
    [`${good}; allow=all`, /"allow" is none of/],
    [`${good}; __proto__=x`, /"__proto__" is none of/],
    [`${good}; target=`, /target is empty/],
    [`${good}\n`, /control characters/],
    [`${good}\u202e`, /control characters/],
    [`${good}${' '.repeat(512)}`, /longer than 512 characters/],
  ];
  for (const [text, why] of cases) {
    const parsed = parseGrant(text, rules);
    t.match(parsed, { ok: false, why }, text.slice(0, 80));
    if (!parsed.ok) t.ok(parseGrant(parsed.corrected, rules).ok, `${parsed.corrected} would do`);
  }
  const onlyMarks = parseGrant(good, { ...rules, keys: ['until', 'reason'] });
  t.match(onlyMarks, { ok: false, why: /"incident" is none of until, reason/ }, 'keys are closed');
  t.end();
});

void t.test('properties', (t) => {
  const total = fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
    const parsed = parseGrant(text, rules);
    assert.ok(parsed.ok || parseGrant(parsed.corrected, rules).ok);
  });
  holds(t, 'any text is a grant, or says how to write one', total, 1000);
  const time = fc.integer({ min: 0, max: 4_000_000_000 });
  holds(
    t,
    'a time that was formatted is parsed',
    fc.property(time, (seconds) => assert.equal(parseTime(formatTime(seconds * 1000)), seconds * 1000)),
  );
  t.end();
});

void t.test('durations', (t) => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['300s', 300],
    ['5m', 300],
    ['1h', 3600],
    ['0s', 0],
    ['5', undefined],
    ['5 m', undefined],
    ['-5m', undefined],
    ['1.5h', undefined],
    ['9999999s', undefined],
    ['1d', undefined],
    ['', undefined],
  ];
  for (const [text, seconds] of cases) t.equal(parseDuration(text), seconds, text);
  t.end();
});

void t.test('times', (t) => {
  for (const text of [
    '2026-11-24T24:00:00Z',
    '2026-11-24T02:60:00Z',
    '2026-11-24',
    '20261124T020000Z',
    '2026-11-24T02:00:00+25:00',
  ])
    t.equal(parseTime(text), undefined, text);
  t.equal(parseTime('2026-11-24T02:00:00+02:00'), now);
  t.end();
});
