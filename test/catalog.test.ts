import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { JudgedFinding } from '../src/core/finding.ts';
import { plain, warningCharacters } from '../src/core/message.ts';
import { ownFindings } from '../src/core/own-findings.ts';
import type { Policy } from '../src/core/policy.ts';
import { policies } from '../src/policies/index.ts';
import { play, readCases, unknownFacts, type Case } from './policies/cases.ts';

const repository = join(import.meta.dirname, '..');
const ids = policies.map(({ id }) => id).toSorted();
const kebab = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Names as long as people give them, by policy and by the key of a detail that holds one.
 * A policy whose warnings name nothing that users chose is left out.
 */
const longNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'startup-probe': { container: 'checkout-api-primary', replicaSet: 'checkout-api-primary-7d9c6b5f4d' },
  'weight-jump': { object: 'checkout-api-vs', rule: 'http[10]', destination: 'v1-rollback', workload: 'deployment/checkout-api' },
};

function folders(path: string): readonly string[] {
  const entries = readdirSync(join(repository, path), { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).toSorted();
}

interface Played {
  readonly one: Case;
  readonly findings: readonly JudgedFinding[];
}

const played: readonly Played[] = await Promise.all(
  readCases().map(async (one) => {
    const { mutate, validate } = await play(one);
    return { one, findings: [...mutate.findings, ...validate.findings] };
  }),
);

void t.test('code, list, cases and pages are about the same policies', (t) => {
  t.strictSame(folders('src/policies'), ids);
  t.strictSame(folders('test/policies'), ids);
  const pages = readdirSync(join(repository, 'docs/policies')).filter((file) => file !== 'README.md');
  t.strictSame(
    pages.toSorted(),
    ids.map((id) => `${id}.md`),
  );
  t.equal(new Set(ids).size, ids.length, 'each once');
  for (const id of ids) t.match(id, kebab);
  t.end();
});

for (const policy of policies) {
  void t.test(policy.id, (t) => {
    const own = played.filter(({ one }) => one.policy === policy.id);
    const raised = own.flatMap(({ findings }) => findings).filter((finding) => finding.policy === policy.id);
    const codes = new Set(raised.map(({ code }) => code));
    for (const code of Object.keys(policy.findings)) {
      t.match(code, kebab, `${code} is kebab-case`);
      t.notOk(code in ownFindings, `${code} is not one of core's`);
      t.ok(codes.has(code), `a case expects ${code}`);
    }
    for (const need of policy.needs)
      t.ok(
        own.some(({ one }) => unknownFacts(one).includes(need)),
        `a case in which ${need} is unknown`,
      );
    t.ok(
      own.some(({ findings }) => findings.length === 0),
      'a case in which it is silent',
    );
    const said = raised.filter(({ code, effect }) => effect === 'warn' && Object.hasOwn(policy.findings, code));
    const texts = new Set(said.flatMap(({ detail }) => Object.keys(detail).filter((key) => typeof detail[key] === 'string')));
    const long = longNames[policy.id];
    t.ok(long !== undefined || texts.size === 0, 'long names are known for the texts in its warnings');
    for (const key of Object.keys(long ?? {})) t.ok(texts.has(key), `a warning has a text ${key}`);
    for (const line of warningsIn(policy, raised)) t.ok(line.length <= warningCharacters, line);
    t.end();
  });
}

/** Warnings as they would be without a cap, for long names. */
function warningsIn(policy: Policy, raised: readonly JudgedFinding[]): ReadonlySet<string> {
  const long = Object.entries(longNames[policy.id] ?? {});
  const lines = raised.flatMap(({ code, effect, detail }) => {
    const named = Object.fromEntries(long.filter(([key]) => key in detail));
    const spec = policy.findings[code];
    return effect === 'warn' && spec !== undefined ? [plain(`[${policy.id}] ${spec.say({ ...detail, ...named })}`)] : [];
  });
  return new Set(lines);
}

void t.test("core's own findings", (t) => {
  const codes = new Set(played.flatMap(({ findings }) => findings.map(({ code }) => code)));
  for (const code of Object.keys(ownFindings)) t.match(code, kebab);
  for (const code of ['fact-unknown', 'unknown-mode']) t.ok(codes.has(code), `a case expects ${code}`);
  t.end();
});
