import { join } from 'node:path';
import t from 'tap';
import { article, bouncer } from './checking.ts';

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';

void t.test('bad input is one line naming the file, exit status 2, and nothing on standard output', async (t) => {
  const folder = t.testdir({ 'bad.yaml': `${configMap}---\nkind: X\n`, 'config.yaml': 'mode: never\n', 'one.yaml': configMap });
  const [bad, config, one] = [join(folder, 'bad.yaml'), join(folder, 'config.yaml'), join(folder, 'one.yaml')];
  const missing = join(folder, 'missing.yaml');
  const deep = `${configMap}data: ${'['.repeat(50_000)}${']'.repeat(50_000)}\n`;
  const bomb = `${configMap}a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n`;
  const cases: readonly (readonly [string, readonly string[], string, RegExp])[] = [
    ['no manifests', [], '', /check: nothing to judge: give -f FILE/],
    ['a file that is not there', ['-f', missing], '', /missing\.yaml: cannot be read \(ENOENT\)$/],
    ['an old file that is not there', ['-f', one, '--old', missing], '', /missing\.yaml: cannot be read \(ENOENT\)$/],
    ['a cluster that is not there', ['-f', one, '--cluster', missing], '', /missing\.yaml: cannot be read \(ENOENT\)$/],
    ['a configuration that is not there', ['-f', one, '--config', missing], '', /missing\.yaml: cannot be read \(ENOENT\)$/],
    [
      'a bad configuration',
      ['-f', one, '--config', config],
      '',
      /config\.yaml: the document: must have required property 'apiVersion'$/,
    ],
    ['the second document without apiVersion', ['-f', bad], '', /bad\.yaml: document 2: apiVersion is missing$/],
    ['no YAML', ['-f', '-'], 'a: [', /-: document 1: /],
    ['half of JSON', ['-f', '-'], '{"apiVersion": "v1", "kind":', /-: document 1: /],
    ['a scalar', ['-f', '-'], 'hello', /-: document 1: not a Kubernetes object$/],
    ['a list', ['-f', '-'], '[1]', /-: document 1: not a Kubernetes object$/],
    ['no kind', ['-f', '-'], 'apiVersion: v1', /-: document 1: kind is missing$/],
    ['a kind of no text', ['-f', '-'], 'apiVersion: v1\nkind: yes', /-: document 1: kind is missing$/],
    ['an odd item', ['-f', '-'], 'apiVersion: v1\nkind: List\nitems: [{}]', /-: document 1: item 1: kind is missing$/],
    [
      'an item that is none',
      ['-f', '-'],
      'apiVersion: v1\nkind: List\nitems: [7]',
      /-: document 1: item 1: not a Kubernetes object$/,
    ],
    ['a key twice', ['-f', '-'], `${configMap}kind: Secret\n`, /-: document 1: Map keys must be unique/],
    ['a bomb of aliases', ['-f', '-'], bomb, /-: document 1: too many aliases$/],
    ['an abyss', ['-f', '-'], deep, /-: document 1: /],
    ['standard input twice', ['-f', '-', '--old', '-'], configMap, /standard input can be read once only/],
    [
      'an update of nothing',
      ['-f', one, '--operation', 'UPDATE'],
      '',
      /one\.yaml: ConfigMap a: UPDATE needs the old object: give --old or --cluster$/,
    ],
  ];
  for (const [says, args, stdin, expected] of cases) {
    const { code, stdout, stderr } = await bouncer(['check', ...args], stdin);
    t.equal(code, 2, says);
    t.equal(stdout, '');
    t.match(stderr, /^rollback-bouncer: [^\n]+\n$/);
    t.match(stderr.trimEnd(), expected);
  }
});

void t.test('flags that make no sense', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['-o', 'xml'], /Allowed choices are table, json, yaml/],
    [['--operation', 'CONNECT'], /Allowed choices are CREATE, UPDATE, DELETE/],
    [['--now', 'yesterday'], /give an RFC 3339 time with a zone/],
    [['--now', '2026-11-24T02:00:00'], /give an RFC 3339 time with a zone/],
    [['--now', '2026-02-30T02:00:00Z'], /give an RFC 3339 time with a zone/],
    [['--now', '2026-11-24T25:00:00Z'], /give an RFC 3339 time with a zone/],
    [['--user'], /argument missing/],
    [['--outputs'], /unknown option/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await bouncer(['check', '-f', article, ...args]);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, expected);
  }
  for (const now of ['2026-11-24T02:00:00Z', '2026-11-24T02:00:00.123+05:30', '2028-02-29T00:00:00-11:00'])
    t.equal((await bouncer(['check', '-f', article, '--now', now])).code, 0, now);
});

void t.test('odd keys are no reason to say more than the result', async (t) => {
  const { code, stdout, stderr } = await bouncer(
    ['check', '-f', '-', '-o', 'json'],
    `${configMap}? [a, b]\n: 1\nwhat: !!thing x\n`,
  );
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(JSON.parse(stdout), { results: [{ allowed: true }] });
});
