import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The shell that becomes the process we start. It leaves a watcher behind whose standard input is a pipe that only we hold:
 * the end of the pipe (also by a kill -9 of ours) kills the whole process group, the watcher included.
 * The group is not that of the terminal, so a Ctrl-C in the terminal reaches us alone.
 */
const script = `
exec 3<&0 <"$1"
shift
( read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"
`;

/**
 * What to start. `output` is a file descriptor for both streams, or pipes when it is left out; `inputFile` is the standard input.
 * With `keepAlive` the process keeps our event loop alive until it has ended.
 */
export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly output?: number;
  readonly inputFile?: string;
  readonly keepAlive?: boolean;
}

/** A process that cannot outlive this one. */
export interface Guarded {
  /** Its `pid` is the pid of the command itself. */
  readonly process: ChildProcess;
  /** The exit code, or 128 + n after signal n; undefined while it runs. */
  readonly exitCode: () => number | undefined;
  readonly exited: Promise<number>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Send the signal, wait, and kill what is still there after the grace. Resolves to the exit code. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<number>;
}

/**
 * Start a process that dies with this one, however this one dies.
 * A command that does not exist exits with 127.
 */
export function spawnGuarded({ command, args, env = {}, folder, output, inputFile, keepAlive }: GuardedCommand): Guarded {
  const stdio: StdioOptions = ['pipe', output ?? 'pipe', output ?? 'pipe'];
  const argv = ['-c', script, 'guard', inputFile ?? '/dev/null', command, ...args];
  const child = spawn('sh', argv, { stdio, env, cwd: folder, detached: true });
  const letGo = () => child.stdin?.destroy();
  child.stdin?.on('error', () => undefined);
  let code: number | undefined;
  const exited = new Promise<number>((resolve) => {
    const settle = (value: number) => resolve((code ??= value));
    child.once('error', () => settle(127));
    child.once('exit', letGo);
    child.once('close', (value, signal) => settle(value ?? 128 + signalNumber(signal)));
  });
  unref(child.stdin);
  if (keepAlive !== true) for (const handle of [child, child.stdout, child.stderr]) unref(handle);
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  return { process: child, exitCode: () => code, exited, signal, stop };

  async function stop(name: NodeJS.Signals = 'SIGKILL', graceMs = 15_000): Promise<number> {
    if (code !== undefined) return code;
    child.ref();
    signal(name);
    const grace = new AbortController();
    await Promise.race([exited, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
    letGo();
    return exited;
  }
}

/**
 * Remove a folder when this process dies, however it dies: a shell waits for the end of its pipe, then a moment for the
 * guarded processes to end. Call `dismiss` after removing the folder in the ordinary way.
 */
export function removeAfterUs(folder: string): { dismiss: () => void } {
  const wait = 'read -r _; for second in 1 2 3; do sleep 1; rm -rf "$1" && exit; done';
  const janitor = spawn('sh', ['-c', wait, 'janitor', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  unref(janitor);
  unref(janitor.stdin);
  return { dismiss: () => void janitor.kill('SIGKILL') };
}

interface Unrefable {
  unref(): unknown;
}

/** The streams of a child process are sockets, which their type does not say. */
function unref(handle: object | null): void {
  if (handle && 'unref' in handle) (handle as Unrefable).unref();
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 9 : constants.signals[name];
}
