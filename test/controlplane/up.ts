/**
 * Starts a control plane and keeps it until Ctrl-C, SIGTERM or `down.ts`.
 *
 *   node test/controlplane/up.ts [--state FILE] [--crds istio,gateway-api,cert-manager]
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { CrdSet } from './assets.ts';
import { type Plane, startPlane } from './plane.ts';
import { defaultStateFile, isRunning } from './state-file.ts';

/** Called with the plane when it is ready: install something into it. What it returns is called before the plane stops. */
export type Installation = (plane: Plane) => Promise<(() => Promise<void>) | undefined>;

/** Run a plane in the foreground until a signal. Resolves to the exit code. */
export async function up(argv: readonly string[], install?: Installation): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { state: { type: 'string', default: defaultStateFile() }, crds: { type: 'string', default: '' } },
  });
  const other = isRunning(values.state);
  if (other !== undefined)
    return complain(`a control plane is up already (process ${other}); 'node test/controlplane/down.ts' stops it`);
  const over = firstSignal();
  const plane = await startPlane({ crds: values.crds.split(',').filter((set): set is CrdSet => set !== '') });
  try {
    const uninstall = await install?.(plane);
    mkdirSync(dirname(values.state), { recursive: true });
    writeFileSync(values.state, `${process.pid}\n`);
    console.log(`control plane ready after ${plane.startMs} ms: ${plane.server}`);
    console.log(`users: ${[...plane.users.keys()].join(', ')} (a kubeconfig each in ${plane.folder.kubeconfigs})`);
    console.log(`export KUBECONFIG=${plane.kubeconfig()}`);
    await over;
    await uninstall?.();
  } finally {
    forget(values.state);
    await plane.stop();
  }
  return 0;
}

function firstSignal(): Promise<void> {
  const awake = setInterval(() => undefined, 60_000); // nothing else keeps the event loop alive
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        clearInterval(awake);
        resolve();
      });
  });
}

function forget(stateFile: string): void {
  if (readFileSync(stateFile, { encoding: 'utf8', flag: 'a+' }).trim() === String(process.pid))
    rmSync(stateFile, { force: true });
}

function complain(message: string): number {
  console.error(message);
  return 1;
}

if (import.meta.main) process.exitCode = await up(process.argv.slice(2));
