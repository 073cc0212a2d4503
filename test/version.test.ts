import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { version } from '../src/version.ts';

const repository = join(import.meta.dirname, '..');

void t.test('one version', (t) => {
  const read = (file: string) => JSON.parse(readFileSync(join(repository, file), 'utf8')) as { readonly version: string };
  t.equal(version, read('package.json').version);
  t.equal(version, read('package-lock.json').version);
  const printed = execFileSync(process.execPath, [join(repository, 'src/main.ts'), '--version'], { encoding: 'utf8' });
  t.equal(printed, `${version}\n`);
  t.end();
});
