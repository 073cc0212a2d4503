import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assetsFolder } from './assets.ts';

/** Where `up.ts` writes its process id. */
export function defaultStateFile(): string {
  return join(dirname(assetsFolder()), 'up.pid');
}

/** The process of a plane that is up, or undefined; a file that a killed process left behind does not count. */
export function isRunning(stateFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(stateFile, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
