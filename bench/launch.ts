import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { request } from 'node:https';
import { eventually } from '../test/controlplane/eventually.ts';

export interface Launched {
  readonly pid: number;
  readonly kill: () => void;
}

/** The flags of the image's entry point, and those of the Deployment in manifests/base. */
const flags = ['--max-semi-space-size=16', '--max-old-space-size=144'];

// Ended from outside, too, nothing may stay behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** The command line of a script on the Node of the repository. */
export function nodeCommand(root: string, file: string): [string, ...string[]] {
  return [join(root, 'node_modules/node/bin/node'), ...flags, join(root, file)];
}

/** A process of the Node of the repository whose output goes to a file, as a container's does. */
export function launch(root: string, file: string, args: readonly string[], output: number): Launched {
  const [node, ...script] = nodeCommand(root, file);
  const child = spawn(node, [...script, ...args], {
    stdio: ['ignore', output, output],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return { pid: child.pid ?? 0, kill: () => child.kill('SIGKILL') };
}

/** Resolves when a URL answers 200. */
export async function untilReady(url: string, method: 'GET' | 'POST' = 'GET'): Promise<void> {
  await eventually(() => answers(url, method), { what: `${url} to answer`, timeoutMs: 60_000, intervalMs: 20 });
}

function answers(url: string, method: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(url, { method, rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    call.on('error', () => resolve(false));
    call.end(method === 'POST' ? '{"request":{"uid":"x"}}' : undefined);
  });
}
