/** Stops the control plane that `up.ts` started: node test/controlplane/down.ts [--state FILE] */
import { parseArgs } from 'node:util';
import { eventually } from './eventually.ts';
import { defaultStateFile, isRunning } from './state-file.ts';

const { values } = parseArgs({ options: { state: { type: 'string', default: defaultStateFile() } } });
const pid = isRunning(values.state);
if (pid === undefined) console.log('no control plane is up');
else {
  process.kill(pid, 'SIGTERM');
  await eventually(() => isRunning(values.state) === undefined, { what: `the end of process ${pid}` });
  console.log('control plane stopped');
}
