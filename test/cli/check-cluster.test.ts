import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import t from 'tap';
import { checkCommand } from '../../src/cli/check.ts';
import { configurationVersion } from '../../src/config/schema.ts';
import type { Finding } from '../../src/core/finding.ts';
import { now, readCases, silence, unknownFacts, type Case } from '../policies/cases.ts';
import { bouncer, yaml } from './checking.ts';

// `check --cluster` says about files what the webhook says about the same objects in its caches: the cases of weight-jump,
// but for those in which something is unknown, because a folder has no time-outs.
const cases = readCases().filter((one) => one.policy === 'weight-jump' && unknownFacts(one).length === 0);

/** The case as files, and how `check` is asked about them. */
function asFiles({ policy, request, cluster, configured }: Case, folder: string): readonly string[] {
  const write = (name: string, ...documents: readonly unknown[]): string => {
    writeFileSync(join(folder, name), yaml(...documents));
    return join(folder, name);
  };
  const { operation, oldObject } = request;
  const object = request.object ?? oldObject;
  mkdirSync(join(folder, 'cluster'));
  write('cluster/all.yaml', ...cluster);
  const configuration = { apiVersion: configurationVersion, kind: 'Configuration', policies: { [policy]: configured } };
  return [
    ...['-f', write('new.yaml', object)],
    ...(oldObject === undefined ? [] : ['--old', write('old.yaml', oldObject)]),
    ...['--cluster', join(folder, 'cluster'), '--operation', operation],
    ...['--now', new Date(now).toISOString(), '--user', request.user.name, '-o', 'json'],
    ...(Object.keys(configured).length === 0 ? [] : ['--config', write('config.yaml', configuration)]),
  ];
}

interface Report {
  readonly results: readonly {
    readonly allowed: boolean;
    readonly findings: readonly Finding[];
    readonly warnings: readonly string[];
  }[];
}

/** What is compared: the verdict in words. */
interface Said {
  readonly allowed: boolean;
  readonly findings: readonly string[];
  readonly warnings: readonly string[];
}

function saidIn(report: string): readonly Said[] {
  return (JSON.parse(report) as Report).results.map(({ allowed, findings, warnings }) => ({
    allowed,
    findings: findings.map(({ policy, code, effect, path, message }) => `${policy}/${code} (${effect}) ${path}: ${message}`),
    warnings,
  }));
}

function expectedOf({ expect }: Case): Said {
  const { mutate = silence, validate = silence } = expect;
  const both = <T>(of: (side: typeof silence) => readonly T[]): readonly T[] => [...new Set([mutate, validate].flatMap(of))];
  const allowed = mutate.allowed && validate.allowed;
  return { allowed, findings: both(({ findings }) => findings), warnings: both(({ warnings }) => warnings) };
}

for (const one of cases) {
  await t.test(one.title, async (t) => {
    const said: string[] = [];
    const console = { stdin: Readable.from([]), out: (text: string) => said.push(text), exitCode: -1 };
    await checkCommand(console).exitOverride().parseAsync(asFiles(one, t.testdir()), { from: 'user' });
    const expected = expectedOf(one);
    t.strictSame(saidIn(said.join('')), [expected]);
    t.equal(console.exitCode, expected.allowed ? 0 : 1);
  });
}

void t.test('the program itself says the same', async (t) => {
  const one = cases.find(({ file }) => file.endsWith('o01-nobody-ready.yaml'))!;
  const { code, stdout, stderr } = await bouncer(['check', ...asFiles(one, t.testdir())]);
  t.equal(stderr, '');
  t.equal(code, 1);
  t.strictSame(saidIn(stdout), [expectedOf(one)]);
});
