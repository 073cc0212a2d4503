import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { request } from 'node:https';
import { request as plainRequest } from 'node:http';
import type { Readable } from 'node:stream';
import { type Patience, GaveUp, eventually } from './eventually.ts';
import { spawnGuarded } from './guard.ts';

const root = join(import.meta.dirname, '..', '..');

/** What to start. The default command is the Node of the repository, in the root of the repository. */
export interface ProcessOptions {
  /** `['src/main.ts', 'serve', …]` */
  readonly args: readonly string[];
  readonly command?: string;
  /** Besides PATH and HOME, which are passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Wait until this answers 200; certificates are not checked. */
  readonly readyUrl?: string;
  /** Default: 15,000. */
  readonly readyTimeoutMs?: number;
}

/** A process that dies with us, and what it said. */
export interface RunningProcess {
  readonly pid: number;
  /** Lines of standard output so far. */
  lines(): readonly string[];
  /** Lines of standard error so far. */
  errorLines(): readonly string[];
  /** The lines of standard output that are JSON objects, parsed. */
  records(): Record<string, unknown>[];
  /** The first line of standard output, past or coming, that fits. */
  waitForLine(fits: (line: string) => boolean, patience?: Partial<Patience>): Promise<string>;
  exitCode(): number | undefined;
  /** Wait for the end of it; the exit code, or 128 + n after signal n. */
  waitForExit(timeoutMs?: number): Promise<number>;
  signal(signal: NodeJS.Signals): void;
  /** Send the signal (default SIGTERM) and wait; killed after `graceMs` (default 15,000). The exit code, or 128 + n. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number>;
}

/**
 * Start a replica of the webhook, or any other process.
 * @throws when it ends before it is ready, or is not ready in time, with what it said.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { args, command = join(root, 'node_modules', '.bin', 'node'), folder = root } = options;
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...options.env };
  const guarded = spawnGuarded({ command, args, env, folder });
  const output = collect(guarded.process.stdout);
  const errors = collect(guarded.process.stderr);
  const report = () => `exit code ${guarded.exitCode() ?? 'none'}\n${[...output, ...errors].slice(-40).join('\n')}`;
  const unlessDead = <T>(value: T): T => {
    if (value === undefined && guarded.exitCode() !== undefined) throw new GaveUp(`${args.join(' ')} ended: ${report()}`);
    return value;
  };
  const running: RunningProcess = {
    pid: guarded.process.pid ?? 0,
    lines: () => output,
    errorLines: () => errors,
    records: () => output.flatMap(parseRecord),
    waitForLine: (fits, patience) =>
      eventually(() => unlessDead(output.find(fits)), { what: 'the line', intervalMs: 20, ...patience }),
    exitCode: guarded.exitCode,
    waitForExit: (timeoutMs = 30_000) =>
      eventually(guarded.exitCode, { what: `the end of ${args.join(' ')}`, timeoutMs, intervalMs: 20 }),
    signal: guarded.signal,
    stop: (signal = 'SIGTERM', graceMs) => guarded.stop(signal, graceMs),
  };
  const { readyUrl, readyTimeoutMs = 15_000 } = options;
  if (readyUrl === undefined) return running;
  try {
    const ready = async () => unlessDead((await statusOf(readyUrl)) === 200 || undefined);
    await eventually(ready, { what: `200 from ${readyUrl}`, timeoutMs: readyTimeoutMs, intervalMs: 30 });
    return running;
  } catch (error) {
    await guarded.stop();
    throw new Error(`${args.join(' ')} is not ready: ${String(error)}; ${report()}`, { cause: error });
  }
}

function collect(stream: Readable | null): string[] {
  const lines: string[] = [];
  if (stream) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  return lines;
}

function parseRecord(line: string): Record<string, unknown>[] {
  try {
    const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
    return value === undefined ? [] : [value as Record<string, unknown>];
  } catch {
    return [];
  }
}

/** The status of a GET, or 0 when nobody answers. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? request : plainRequest;
    const outgoing = send(url, { agent: false, timeout: 2000, rejectUnauthorized: false }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(0));
    outgoing.end();
  });
}
