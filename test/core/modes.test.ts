import t from 'tap';
import type { Mode } from '../../src/core/finding.ts';
import { defaultSettings, modeLabel, modeOf, modes, policyLabel, unknownModes, type Settings } from '../../src/core/modes.ts';
import { aPolicy } from './samples.ts';

interface Row {
  readonly says: string;
  readonly byDefault?: Mode;
  readonly configured?: Mode;
  readonly floor?: Mode;
  readonly ceiling?: Mode;
  /** The namespace's label for all policies, and the one for this policy. */
  readonly all?: string;
  readonly own?: string;
  readonly mode: Mode;
}

const rows: readonly Row[] = [
  { says: 'nothing said: the default of the policy', mode: 'enforce' },
  { says: 'nothing said: the default of a policy that warns', byDefault: 'warn', mode: 'warn' },
  { says: 'the configuration beats the default', configured: 'audit', mode: 'audit' },
  { says: 'the configuration may be stricter than the default', byDefault: 'warn', configured: 'enforce', mode: 'enforce' },
  { says: 'the namespace beats the configuration', configured: 'enforce', all: 'audit', mode: 'audit' },
  { says: 'the namespace may be stricter than the configuration', configured: 'audit', all: 'enforce', mode: 'enforce' },
  { says: 'the namespace makes no warning policy stricter', byDefault: 'warn', all: 'enforce', mode: 'warn' },
  { says: 'not even one configured to enforce', byDefault: 'warn', configured: 'enforce', all: 'enforce', mode: 'warn' },
  { says: 'the own label beats the general one', all: 'enforce', own: 'off', mode: 'off' },
  { says: 'the own label is not capped by the default', byDefault: 'warn', all: 'off', own: 'enforce', mode: 'enforce' },
  { says: 'an unknown general label counts as none', configured: 'warn', all: 'enforced', mode: 'warn' },
  { says: 'an unknown own label falls back to the general one', all: 'audit', own: 'true', mode: 'audit' },
  { says: 'modes are lower case', all: 'OFF', own: 'Off', mode: 'enforce' },
  { says: 'an empty label counts as none', all: '', own: '', mode: 'enforce' },
  { says: 'the floor holds against the general label', floor: 'warn', all: 'off', mode: 'warn' },
  { says: 'the floor holds against the own label', floor: 'enforce', own: 'audit', mode: 'enforce' },
  { says: 'the floor does not hold against the configuration', floor: 'enforce', configured: 'warn', mode: 'warn' },
  { says: 'the floor is never stricter than the configuration', floor: 'enforce', configured: 'warn', all: 'off', mode: 'warn' },
  { says: 'nor than the default', floor: 'enforce', byDefault: 'audit', all: 'off', mode: 'audit' },
  { says: 'a label above the floor stands', floor: 'audit', all: 'warn', mode: 'warn' },
  { says: 'the ceiling holds against the default', ceiling: 'audit', mode: 'audit' },
  { says: 'the ceiling holds against the configuration', ceiling: 'warn', configured: 'enforce', mode: 'warn' },
  { says: 'the ceiling holds against labels', ceiling: 'audit', own: 'enforce', all: 'enforce', mode: 'audit' },
  { says: 'the ceiling holds against the floor', ceiling: 'audit', floor: 'enforce', all: 'warn', mode: 'audit' },
  { says: 'the ceiling lifts nothing', ceiling: 'warn', own: 'off', mode: 'off' },
];

void t.test('precedence', (t) => {
  for (const row of rows) t.equal(modeFor(row), row.mode, row.says);
  t.end();
});

function modeFor({ byDefault = 'enforce', configured, floor = 'off', ceiling = 'enforce', all, own }: Row): Mode {
  const policy = aPolicy({ defaultMode: byDefault });
  const policies = configured === undefined ? new Map() : new Map([[policy.id, { mode: configured, config: {} }]]);
  const settings: Settings = { ceiling, floor, policies };
  const labels = [[modeLabel, all] as const, [policyLabel(policy.id), own] as const];
  const given = labels.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return modeOf(policy, settings, new Map(given));
}

void t.test('without knowing the labels, configuration and default decide', (t) => {
  t.equal(modeOf(aPolicy(), defaultSettings, undefined), 'enforce');
  t.equal(modeOf(aPolicy(), { ...defaultSettings, ceiling: 'off' }, undefined), 'off');
  t.end();
});

void t.test('the kill switch holds whatever else is said', (t) => {
  for (const ceiling of modes)
    for (const floor of modes)
      for (const own of modes)
        for (const configured of modes) {
          const mode = modeFor({ says: '', mode: 'off', ceiling, floor, own, configured });
          t.ok(modes.indexOf(mode) <= modes.indexOf(ceiling), `${ceiling}: ${mode}`);
        }
  t.end();
});

void t.test('unknown modes', (t) => {
  const policies = [aPolicy(), aPolicy({ id: 'another' })];
  const labels = new Map([
    [modeLabel, 'enforced'],
    [policyLabel('a-policy'), 'warn'],
    [policyLabel('another'), ''],
    [policyLabel('of-no-policy'), 'nonsense'],
  ]);
  t.strictSame(unknownModes(labels, policies), ['rollback-bouncer.dev/mode: enforced', 'rollback-bouncer.dev/another: ']);
  t.strictSame(unknownModes(new Map(), policies), []);
  t.strictSame(unknownModes(undefined, policies), [], 'what is not known is not odd');
  t.end();
});
