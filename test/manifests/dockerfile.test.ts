import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { repository } from './rendered.ts';

interface Instruction {
  readonly keyword: string;
  readonly words: readonly string[];
  readonly text: string;
}

interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const text = (file: string) => readFileSync(path.join(repository, file), 'utf8');
const lines = (content: string) => content.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));

/** The stages of a Dockerfile without heredocs and parser directives, which ours has none of. */
function stagesOf(content: string): readonly Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines(content.replaceAll(/\\\n/g, ' '))) {
    const [keyword = '', ...words] = line.trim().split(/\s+/);
    const instruction = { keyword: keyword.toUpperCase(), words, text: words.join(' ') };
    if (instruction.keyword === 'FROM') stages.push({ base: words[0] ?? '', name: words[2], instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

const stages = stagesOf(text('Dockerfile'));
const final = stages.at(-1)!;
const of = (stage: Stage, keyword: string) => stage.instructions.filter((instruction) => instruction.keyword === keyword);
const major = process.versions.node.split('.')[0]!;

void t.test('what is shipped', (t) => {
  t.equal(
    final.base,
    `gcr.io/distroless/nodejs${major}-debian13:nonroot`,
    'distroless, not root, and the Node that the tests run on',
  );
  t.match(
    of(final, 'USER').map((instruction) => instruction.text),
    [/^65532:65532$/],
    'a numeric user',
  );
  t.strictSame(of(final, 'RUN'), [], 'there is no shell to run anything with');
  for (const { words } of of(final, 'COPY')) t.equal(words[0], `--from=${stages[0]!.name!}`, 'everything comes from the build');
  t.strictSame(
    JSON.parse(of(final, 'ENTRYPOINT')[0]!.text),
    ['/nodejs/bin/node', '--max-semi-space-size=16', '/app/dist/main.js'],
    'no shell form',
  );
  t.doesNotThrow(() => void JSON.parse(of(final, 'CMD')[0]!.text), 'no shell form');
  t.strictSame(
    of(final, 'EXPOSE').map((instruction) => instruction.text),
    ['8443'],
  );
  t.end();
});

void t.test('every stage', (t) => {
  for (const stage of stages) {
    t.match(stage.base, /:[^:]+$/, `${stage.base} has a tag`);
    t.notMatch(stage.base, /:latest$/);
    t.strictSame(of(stage, 'ADD'), [], 'no ADD: it fetches URLs and unpacks archives');
    for (const { text } of stage.instructions) t.notMatch(text, /https?:\/\/|curl |wget /, 'nothing is fetched but by npm');
    for (const { text } of [...of(stage, 'ENV'), ...of(stage, 'ARG')]) t.notMatch(text, /token|password|secret/i);
  }
  t.match(stages[0]!.base, new RegExp(`^node:${major}\\b`), 'built with the same Node');
  t.strictSame(
    of(stages[0]!, 'RUN').map((instruction) => instruction.words.slice(0, 2).join(' ')),
    ['npm ci', 'node node_modules/typescript/bin/tsc', 'npm prune'],
  );
  t.end();
});

void t.test('the builder is sent what the Dockerfile copies, and nothing else', (t) => {
  const [first, ...rest] = lines(text('.dockerignore'));
  t.equal(first, '*');
  const copied = of(stages[0]!, 'COPY').flatMap(({ words }) => words.slice(0, -1));
  t.strictSame(rest.map((line) => line.replace(/^!/, '')).sort(), copied.toSorted());
  for (const file of copied) t.ok(existsSync(path.join(repository, file)), file);
  t.end();
});

/** A folder like /app of the image: no development package can be imported from it. */
function productionPackages(t: Test): string {
  const app = t.testdir();
  const lock = JSON.parse(text('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
  for (const [location, { dev }] of Object.entries(lock.packages)) {
    if (dev === true || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(location)) continue;
    if (!existsSync(path.join(repository, location))) continue; // optional, for another platform
    mkdirSync(path.dirname(path.join(app, location)), { recursive: true });
    symlinkSync(path.join(repository, location), path.join(app, location));
  }
  cpSync(path.join(repository, 'package.json'), path.join(app, 'package.json'));
  return app;
}

const noMain = existsSync(path.join(repository, 'src/main.ts')) ? false : 'there is no src/main.ts yet';

void t.test('the steps of the build, without an engine', { skip: noMain, timeout: 120_000 }, (t) => {
  const app = productionPackages(t);
  const run = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: repository, encoding: 'utf8' });
  const tsc = run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', path.join(app, 'dist'));
  t.equal(tsc.status, 0, tsc.stdout);
  const help = run('--disable-warning=ExperimentalWarning', path.join(app, 'dist/main.js'), '--help');
  t.equal(help.status, 0, help.stderr);
  t.match(help.stdout, /\bserve\b/, 'help names the command of the Deployment');
  t.equal(help.stderr, '');
  t.end();
});
