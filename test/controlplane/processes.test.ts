import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { eventually } from './eventually.ts';
import { startProcess } from './webhook-process.ts';

/** Command lines of all processes of this machine that mention a text. */
function processesWith(text: string): string[] {
  const commandLine = (pid: string) => {
    try {
      return readFileSync(join('/proc', pid, 'cmdline'), 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => line.includes(text));
}

const skipWithoutProc = process.platform === 'linux' ? false : 'reads /proc';
for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  await t.test(`nothing stays behind after ${signal}`, { skip: skipWithoutProc }, async (t) => {
    const state = join(t.testdir({}), 'up.pid');
    const up = await startProcess({ args: [join(import.meta.dirname, 'up.ts'), '--state', state] });
    const line = await up.waitForLine((text) => text.startsWith('export KUBECONFIG='), { timeoutMs: 60_000 });
    const root = line.replace('export KUBECONFIG=', '').replace('/kubeconfigs/admin', '');
    t.ok(processesWith(root).length >= 5, 'the control plane runs');
    const code = await up.stop(signal);
    t.equal(code, signal === 'SIGKILL' ? 137 : 0);
    await eventually(() => processesWith(root).length === 0, { what: 'the end of all processes', timeoutMs: 10_000 });
    t.throws(() => readdirSync(root), { code: 'ENOENT' }, 'the folder is gone');
  });
}

await t.test('a process and what it says', async (t) => {
  const program = `process.on('SIGTERM', () => { console.error('bye'); process.exit(7) }); console.log('{"level":"info"}'); setInterval(() => {}, 1000)`;
  const running = await startProcess({ args: ['-e', program] });
  await running.waitForLine((line) => line.includes('info'));
  t.same(running.records(), [{ level: 'info' }]);
  t.equal(await running.stop(), 7);
  t.same(running.errorLines(), ['bye']);
  const broken = startProcess({ args: ['-e', 'throw new Error("broken")'], readyUrl: 'http://127.0.0.1:9/' });
  await t.rejects(broken, /broken/);
});
