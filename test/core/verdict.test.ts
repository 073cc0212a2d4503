import t from 'tap';
import type { Effect, Mode } from '../../src/core/finding.ts';
import { effectiveEffect, foldVerdict, verdictWord } from '../../src/core/verdict.ts';
import { aFinding, aJudgement } from './samples.ts';

const replicas = { op: 'add', path: '/spec/replicas', value: 1 } as const;
const paused = { op: 'add', path: '/spec/paused', value: true } as const;

void t.test('a mode weakens effects and never strengthens them', (t) => {
  const table: readonly (readonly [Effect, Mode, Effect])[] = [
    ['deny', 'enforce', 'deny'],
    ['warn', 'enforce', 'warn'],
    ['info', 'enforce', 'info'],
    ['deny', 'warn', 'warn'],
    ['warn', 'warn', 'warn'],
    ['info', 'warn', 'info'],
    ['deny', 'audit', 'info'],
    ['warn', 'audit', 'info'],
    ['info', 'audit', 'info'],
    ['deny', 'off', 'info'],
    ['warn', 'off', 'info'],
    ['info', 'off', 'info'],
  ];
  for (const [effect, mode, result] of table)
    t.equal(effectiveEffect(aFinding({ effect, mode })), result, `${effect} in ${mode} is ${result}`);
  t.end();
});

void t.test('nothing said is a yes', (t) => {
  const verdict = foldVerdict([]);
  t.match(verdict, { allowed: true, findings: [], warnings: [], patch: [], message: '' });
  t.strictSame(verdict.evidence(), {});
  t.equal(verdictWord(verdict), 'allow');
  t.end();
});

void t.test('one enforced denial denies, and every finding is kept', (t) => {
  const findings = [aFinding({ effect: 'info', message: 'seen' }), aFinding(), aFinding({ effect: 'warn', message: 'slow' })];
  const verdict = foldVerdict([aJudgement({ findings, patch: [replicas] })]);
  t.equal(verdict.allowed, false);
  t.equal(verdict.message, '[a-policy] 2 pods are cold', 'only what denies is the reason');
  t.strictSame(verdict.warnings, ['[a-policy] slow']);
  t.strictSame(verdict.findings, findings);
  t.strictSame(verdict.patch, [], 'a denial patches nothing');
  t.equal(verdictWord(verdict), 'deny');
  t.end();
});

void t.test('only enforced policies patch, in their order', (t) => {
  const verdict = foldVerdict([
    aJudgement({ patch: [replicas] }),
    aJudgement({ mode: 'warn', patch: [{ op: 'remove', path: '/spec' }] }),
    aJudgement({ mode: 'audit', patch: [{ op: 'remove', path: '/spec' }] }),
    aJudgement({ patch: [paused] }),
  ]);
  t.strictSame(verdict.patch, [replicas, paused]);
  t.equal(verdictWord(verdict), 'mutate');
  t.end();
});

void t.test('a denial of one policy takes the patch of another', (t) => {
  const verdict = foldVerdict([aJudgement({ patch: [replicas] }), aJudgement({ policy: 'another', findings: [aFinding()] })]);
  t.strictSame(verdict.patch, []);
  t.end();
});

void t.test('in warn mode a denial is a warning, in audit mode it is neither', (t) => {
  const warned = foldVerdict([aJudgement({ mode: 'warn', findings: [aFinding({ mode: 'warn' })] })]);
  t.match(warned, { allowed: true, warnings: ['[a-policy] 2 pods are cold'], message: '' });
  t.equal(verdictWord(warned), 'warn');
  const audited = foldVerdict([aJudgement({ mode: 'audit', findings: [aFinding({ mode: 'audit' })] })]);
  t.match(audited, { allowed: true, warnings: [], message: '' });
  t.equal(audited.findings[0]?.effect, 'deny', 'the record keeps what the finding asked for');
  t.equal(verdictWord(audited), 'allow');
  t.end();
});

void t.test('the way out goes with a denial, not with a warning', (t) => {
  const next = 'kubectl get pods';
  const denied = foldVerdict([
    aJudgement({ findings: [aFinding({ next }), aFinding({ effect: 'warn', message: 'slow', next })] }),
  ]);
  t.equal(denied.message, '[a-policy] 2 pods are cold. kubectl get pods');
  t.strictSame(denied.warnings, ['[a-policy] slow']);
  const warned = foldVerdict([aJudgement({ mode: 'warn', findings: [aFinding({ mode: 'warn', next })] })]);
  t.match(warned, { message: '', warnings: ['[a-policy] 2 pods are cold'] });
  t.equal(warned.findings[0]?.next, next, 'whoever reads findings has it');
  t.end();
});

void t.test('the same warning is said once', (t) => {
  const twice = [
    aFinding({ effect: 'warn' }),
    aFinding({ effect: 'warn', path: 'spec' }),
    aFinding({ effect: 'warn', message: 'other' }),
  ];
  t.strictSame(foldVerdict([aJudgement({ findings: twice })]).warnings, ['[a-policy] 2 pods are cold', '[a-policy] other']);
  t.end();
});

void t.test('evidence is computed when it is asked for', (t) => {
  let asked = 0;
  const evidence = () => ({ pods: ++asked });
  const verdict = foldVerdict([aJudgement({ evidence }), aJudgement({ policy: 'another' })]);
  t.equal(asked, 0);
  t.strictSame(verdict.evidence(), { 'a-policy': { pods: 1 } }, 'by policy, without those that have none');
  t.end();
});
