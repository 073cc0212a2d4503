import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine, Component } from './components.ts';
import { type Guarded, spawnGuarded } from './guard.ts';
import { type PlaneFolder, tail } from './plane-folder.ts';

/** The running components of a plane. */
export interface Processes {
  /** Start a component that does not run. */
  launch(component: Component): void;
  /** Stop a component and leave it stopped; the exit code. */
  halt(component: Component, signal?: NodeJS.Signals): Promise<number>;
  /** Send a signal, SIGSTOP and SIGCONT for a hung component. */
  signal(component: Component, signal: NodeJS.Signals): void;
  /** Components that ended by themselves. */
  dead(): Component[];
  logTail(component: Component, lines?: number): string;
  /** Kill everything and wait for the end of it. */
  killAll(): Promise<void>;
}

/** Start components from their command lines, each with a log file of its own. */
export function makeProcesses(folder: PlaneFolder, commands: Readonly<Record<Component, CommandLine>>): Processes {
  const running = new Map<Component, Guarded>();
  const logFile = (component: Component) => join(folder.logs, `${component}.log`);
  const find = (component: Component): Guarded => {
    const guarded = running.get(component);
    if (!guarded) throw new Error(`${component} does not run in this plane`);
    return guarded;
  };
  return {
    launch: (component) => {
      if (running.has(component)) throw new Error(`${component} runs already`);
      const output = openSync(logFile(component), 'a');
      const env = { PATH: process.env['PATH'] ?? '', HOME: folder.home };
      running.set(component, spawnGuarded({ ...commands[component], env, folder: folder.root, output }));
      closeSync(output);
    },
    halt: async (component, signal) => {
      const code = await find(component).stop(signal);
      running.delete(component);
      return code;
    },
    signal: (component, signal) => find(component).signal(signal),
    dead: () => [...running].filter(([, guarded]) => guarded.exitCode() !== undefined).map(([component]) => component),
    logTail: (component, lines = 20) => tail(logFile(component), lines),
    killAll: async () => {
      await Promise.all([...running.values()].map((guarded) => guarded.stop('SIGKILL')));
      running.clear();
    },
  };
}
