import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { install, kubeconfig, nobody, put, type Installation } from './serving.ts';
import { makePair } from './pairs.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program until it ends by itself, which must not take long. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const main = join(import.meta.dirname, '../../src/main.ts');
  execFile(process.execPath, [main, ...args], { env, timeout: 60_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
  });
  return promise;
}

function serve({ flags }: Installation, changed: Readonly<Record<string, string>>): Promise<Ended> {
  return run(['serve', ...Object.entries({ ...flags, ...changed }).flat()]);
}

void t.test('what cannot be used at start is one line naming file and field, and exit status 2', async (t) => {
  const here = install(t, nobody);
  const missing = join(here.folder, 'missing');
  const other = makePair(join(here.folder, 'other'));
  const head = 'apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\n';
  const config = (text: string) => ({ '--config': put(here, 'bouncer.yaml', text) });
  const kube = (text: string) => ({ '--kubeconfig': put(here, 'odd.yaml', text) });
  const faults: readonly (readonly [string, () => Readonly<Record<string, string>>, RegExp])[] = [
    ['no configuration', () => ({ '--config': missing }), /missing: cannot be read \(ENOENT\)$/],
    ['an unknown field', () => config(`${head}modes: off\n`), /bouncer\.yaml: the document: unknown field "modes"$/],
    [
      'a wrong mode',
      () => config(`${head}policies: { startup-probe: { mode: on } }\n`),
      /bouncer\.yaml: policies\.startup-probe\.mode: must be /,
    ],
    ['no YAML', () => config('a: [\n'), /bouncer\.yaml: not YAML: /],
    ['no kubeconfig', () => ({ '--kubeconfig': missing }), /missing: cannot be read as a kubeconfig \(ENOENT\)$/],
    ['a kubeconfig that is no YAML', () => kube('a: [\n'), /odd\.yaml: /],
    ['a kubeconfig of nothing', () => kube(''), /odd\.yaml: /],
    [
      'a context that is not there',
      () => kube(kubeconfig(nobody, 'there')),
      /odd\.yaml: current-context "there" is not among contexts$/,
    ],
    ['a server that is no URL', () => kube(kubeconfig('nowhere')), /odd\.yaml: clusters "fake": server "nowhere" is no URL$/],
    ['no certificate', () => ({ '--tls-cert-file': missing }), /missing: cannot be read \(ENOENT\)$/],
    ['no key', () => ({ '--tls-private-key-file': missing }), /missing: cannot be read \(ENOENT\)$/],
    [
      'the key of another',
      () => ({ '--tls-private-key-file': other.keyFile }),
      /tls\.crt, .*tls\.key: not a certificate with its key \(/,
    ],
    ['a folder as a certificate', () => ({ '--tls-cert-file': here.folder }), /: cannot be read \(EISDIR\)$/],
  ];
  for (const [says, changed, expected] of faults) {
    const { code, stdout, stderr } = await serve(here, changed());
    t.equal(code, 2, says);
    t.equal(stdout, '');
    const lines = stderr.trimEnd().split('\n');
    t.equal(lines.length, 1, stderr);
    t.match(lines[0], expected);
    t.match(lines[0], /^rollback-bouncer: \S/);
  }
});

void t.test('an address that cannot be had', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const port = String((server.address() as AddressInfo).port);
  const here = install(t, nobody);
  const taken = await serve(here, { '--port': port });
  t.equal(taken.code, 2, 'and it ends, although it had begun to watch the cluster');
  t.match(
    taken.stderr,
    new RegExp(`^rollback-bouncer: --address 127\\.0\\.0\\.1 --port ${port}: cannot listen \\(EADDRINUSE\\)$`, 'm'),
  );
  const foreign = await serve(here, { '--address': '192.0.2.1' });
  t.equal(foreign.code, 2);
  t.match(foreign.stderr, /^rollback-bouncer: --address 192\.0\.2\.1 --port 0: cannot listen \(EADDRNOTAVAIL\)$/m);
});

void t.test('outside a pod a kubeconfig is needed', async (t) => {
  const { pair } = install(t, nobody);
  const args = ['serve', '--tls-cert-file', pair.certFile, '--tls-private-key-file', pair.keyFile, '--port', '0'];
  const { code, stderr } = await run(args, { PATH: process.env['PATH'] });
  t.equal(code, 2);
  t.match(stderr, /^rollback-bouncer: the pod’s service account: [^\n]+\n$/);
});

void t.test('command lines that make no sense', async (t) => {
  const { pair } = install(t, nobody);
  const cert = ['--tls-cert-file', pair.certFile, '--tls-private-key-file', pair.keyFile];
  const lines: readonly (readonly [readonly string[], RegExp])[] = [
    [['serve'], /required option '--tls-cert-file <file>' not specified/],
    [['serve', ...cert, '--port', 'http'], /'--port <number>' argument 'http' is invalid/],
    [['serve', ...cert, '--port', '70000'], /argument '70000' is invalid/],
    [['serve', ...cert, '--drain-seconds', '1.5'], /argument '1\.5' is invalid/],
    [['serve', ...cert, '--tls'], /unknown option '--tls'/],
    [['serve', ...cert, 'extra'], /too many arguments/],
    [['serv'], /unknown command 'serv'/],
    [[], /Usage: rollback-bouncer/],
    [['certs', 'mak'], /unknown command 'mak'/],
  ];
  for (const [args, expected] of lines) {
    const { code, stdout, stderr } = await run(args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '', 'standard output is for results');
    t.match(stderr, expected);
    t.notMatch(stderr, /\n {4}at /, 'and no stack is shown');
  }
  for (const args of [['--help'], ['serve', '--help']]) {
    const { code, stdout, stderr } = await run(args);
    t.equal(code, 0, args.join(' '));
    t.equal(stderr, '');
    t.ok(stdout.length > 0);
  }
});
