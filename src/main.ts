#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { certsCommand } from './cli/certs.ts';
import { checkCommand } from './cli/check.ts';
import type { Console } from './cli/console.ts';
import { UsageFault } from './cli/fault.ts';
import { serveCommand } from './cli/serve.ts';
import { version } from './version.ts';

const console: Console = { stdin: process.stdin, out: (text) => process.stdout.write(text), exitCode: 0 };

const program = new Command('rollback-bouncer')
  .description('Admission webhook that lets a rollback in only when it can serve.')
  .version(version)
  .exitOverride()
  .addCommand(checkCommand(console))
  .addCommand(certsCommand(console))
  // Loaded only when asked for: `check` needs neither a server nor a cluster client.
  .addCommand(serveCommand(async (options) => (await import('./serve.ts')).serve(options)));
for (const command of program.commands) {
  command.exitOverride();
  for (const nested of command.commands) nested.exitOverride();
}

try {
  await program.parseAsync();
  process.exitCode = console.exitCode;
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** commander has printed its own errors already. A bug of ours keeps its stack, and is no denial: not 1. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const text = error instanceof UsageFault || !(error instanceof Error) ? String(error) : (error.stack ?? error.message);
  writeSync(2, `rollback-bouncer: ${error instanceof UsageFault ? error.message : text}\n`);
  return 2;
}
