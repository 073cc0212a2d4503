/**
 * Runs the whole suite with coverage, holds the coverage gates, and closes with `N passed, N failed`.
 *
 *   node scripts/test.ts [FILE ...]     only these files; the gates are for the whole suite and are left out then
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const output = join(root, '.tap/suite.tap');

/** Per cent of branches that the tests of the pure folders take, and per cent of lines of everything. */
const gates = { branchesOfPure: 95, linesOfAll: 90 };
const pure = ['src/core/', 'src/kubernetes/', 'src/policies/'];

interface Counts {
  readonly total: number;
  readonly covered: number;
}
type Summary = Readonly<Record<string, { readonly lines: Counts; readonly branches: Counts }>>;

function runTap(files: readonly string[]): number {
  mkdirSync(join(root, '.tap'), { recursive: true });
  const coverage =
    files.length > 0 ? ['--disable-coverage'] : ['--allow-incomplete-coverage', '--coverage-report=json-summary', '--no-browser'];
  const args = ['--reporter=terse', `--output-file=${output}`, ...coverage, ...files];
  return spawnSync(join(root, 'node_modules/.bin/tap'), args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

function percent(counts: readonly Counts[]): number {
  const total = counts.reduce((sum, count) => sum + count.total, 0);
  return total === 0 ? 0 : (100 * counts.reduce((sum, count) => sum + count.covered, 0)) / total;
}

/** What is below its gate, in words. */
function missedGates(): readonly string[] {
  const summary = JSON.parse(readFileSync(join(root, '.tap/report/coverage-summary.json'), 'utf8')) as Summary;
  const files = Object.entries(summary)
    .filter(([file]) => file !== 'total')
    .map(([file, counts]) => ({ file: relative(root, file), ...counts }));
  const of = (folder: string) => files.filter(({ file }) => file.startsWith(folder));
  const figures = [
    ...pure.map((folder) => ({
      what: `branches of ${folder}`,
      value: percent(of(folder).map(({ branches }) => branches)),
      gate: gates.branchesOfPure,
    })),
    { what: 'lines of src/', value: percent(of('src/').map(({ lines }) => lines)), gate: gates.linesOfAll },
  ];
  for (const { what, value, gate } of figures) console.log(`coverage: ${what} ${value.toFixed(1)} % (gate ${gate} %)`);
  return figures
    .filter(({ value, gate }) => value < gate)
    .map(({ what, value, gate }) => `${what}: ${value.toFixed(1)} % < ${gate} %`);
}

/** The counts that tap closes with, `# { total: 3, pass: 2, fail: 1 }`. */
function countTests(): { readonly passed: number; readonly failed: number } {
  const line = /^# \{ total: \d+.*\}$/m.exec(readFileSync(output, 'utf8'))?.[0] ?? '';
  const count = (word: string): number => Number(new RegExp(`\\b${word}: (\\d+)`).exec(line)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') };
}

const files = process.argv.slice(2);
const status = runTap(files);
const missed = files.length === 0 && status === 0 ? missedGates() : [];
for (const one of missed) console.error(`coverage below its gate: ${one}`);
const { passed, failed } = countTests();
console.log(`${passed} passed, ${failed + missed.length} failed`);
process.exitCode = status !== 0 || missed.length > 0 || passed === 0 ? 1 : 0;
