import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { loadSettings } from '../config/load.ts';
import { configurationVersion } from '../config/schema.ts';
import { plain } from '../core/message.ts';
import { defaultSettings } from '../core/modes.ts';
import type { Operation } from '../core/request.ts';
import { selector } from '../core/select.ts';
import { parseTime } from '../core/time.ts';
import { effectiveEffect } from '../core/verdict.ts';
import { policies } from '../policies/index.ts';
import { UsageFault } from './fault.ts';
import type { Console } from './console.ts';
import { judgeManifests, type CheckResult } from './judge.ts';
import { readManifests } from './manifests.ts';

interface Flags {
  readonly filename: readonly string[];
  readonly old: readonly string[];
  readonly cluster?: readonly string[];
  readonly config?: string;
  readonly now?: number;
  readonly user: string;
  readonly group: readonly string[];
  readonly operation?: Operation;
  readonly subresource: string;
  readonly assumeGranted: boolean;
  readonly output: 'table' | 'json' | 'yaml';
}

const formats = ['table', 'json', 'yaml'] as const;

/** `rollback-bouncer check`: what the webhook would say about manifests, without a cluster. Sets exit status 0, 1 (denied) or 2. */
export function checkCommand(console: Console): Command {
  const append = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];
  return new Command('check')
    .description('Judge manifests as the webhook would: mutate, apply the patch, validate. Offline; asks nobody.')
    .option('-f, --filename <path>', 'manifests to judge: a file, a folder, or - for standard input; may be repeated', append, [])
    .option('--old <path>', 'the objects as they are stored now, for updates; may be repeated', append, [])
    .option('--cluster <path>', 'everything in the cluster that matters: what is not there does not exist', append)
    .option('--config <file>', 'configuration file (default: the built-in settings)')
    .option('--now <time>', 'judge as of this RFC 3339 time', timeOf)
    .option('--user <name>', 'the user who writes', 'check')
    .option('--group <name>', 'a group of that user; may be repeated', append, [])
    .addOption(
      new Option('--operation <operation>', 'instead of what follows from --old').choices(['CREATE', 'UPDATE', 'DELETE']),
    )
    .option('--subresource <name>', 'the subresource that is written, such as scale', '')
    .option('--assume-granted', 'exceptions that the manifests add count as granted', false)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(formats).default('table'))
    .action(async (flags: Flags) => {
      console.exitCode = await check(flags, console);
    });
}

async function check(flags: Flags, console: Console): Promise<number> {
  if (flags.filename.length === 0) throw new UsageFault('check: nothing to judge: give -f FILE, -f FOLDER or -f -');
  const stdins = [...flags.filename, ...flags.old, ...(flags.cluster ?? [])].filter((path) => path === '-').length;
  if (stdins > 1) throw new UsageFault('check: standard input can be read once only: give - to one of -f, --old, --cluster');
  const results = await judgeManifests(await readManifests(flags.filename, console.stdin), {
    settings: settingsOf(flags.config),
    select: selector(policies),
    now: flags.now ?? Date.now(),
    user: { name: flags.user, groups: flags.group },
    operation: flags.operation,
    subresource: flags.subresource,
    old: await readManifests(flags.old, console.stdin),
    cluster: flags.cluster === undefined ? undefined : await readManifests(flags.cluster, console.stdin),
  });
  console.out(print(results, flags.output));
  return results.every(({ allowed }) => allowed) ? 0 : 1;
}

function settingsOf(file: string | undefined): typeof defaultSettings {
  if (file === undefined) return defaultSettings;
  const loaded = loadSettings(file, policies);
  if (!loaded.ok) throw new UsageFault(loaded.fault);
  return loaded.settings;
}

function print(results: readonly CheckResult[], format: Flags['output']): string {
  const report = { apiVersion: configurationVersion, results };
  if (format === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  if (format === 'yaml') return stringify(report, { aliasDuplicateObjects: false });
  return results.map(asRows).join('') || 'no objects\n';
}

function asRows({ object, operation, allowed, findings, patch }: CheckResult): string {
  const where = object.namespace === '' ? object.name : `${object.namespace}/${object.name}`;
  const word = !allowed ? 'DENIED' : patch.length > 0 ? 'PATCHED' : 'ALLOWED';
  const head = `${word.padEnd(8)} ${operation.padEnd(7)} ${object.kind} ${where}`;
  const rows = findings.flatMap((finding) => {
    const { policy, code, effect, mode, message, next } = finding;
    const judged = mode === 'enforce' ? effect : `${effect}, mode ${mode}`;
    const wayOut = next !== undefined && effectiveEffect(finding) === 'deny' ? [`    ${next}`] : [];
    return [`  ${policy}/${code} (${judged}): ${message}`, ...wayOut];
  });
  return [head, ...rows].map((row) => `${plain(row)}\n`).join('');
}

function timeOf(text: string): number {
  const time = parseTime(text);
  if (time === undefined) throw new InvalidArgumentError('give an RFC 3339 time with a zone, such as 2026-11-24T02:00:00Z');
  return time;
}
