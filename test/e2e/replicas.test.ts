import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import t, { type Test as Tap } from 'tap';
import { eventually } from '../controlplane/eventually.ts';
import { deployment, namespace, startCluster, watching } from './cluster.ts';

// Replicas come, go and change their certificates while people write: nobody may notice, and no decision may be lost.
const config = join(t.testdir(), 'config.yaml');
writeFileSync(config, configuration('enforce'));
const { plane, installation } = await startCluster({ replicas: 2, drainSeconds: 2, config });
const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;

interface Writing {
  readonly stop: () => Promise<{ readonly names: readonly string[]; readonly failures: readonly string[] }>;
}

/** Creates one Deployment after the other until it is stopped. */
function writing(prefix: string): Writing {
  const names: string[] = [];
  const failures: string[] = [];
  let going = true;
  const lane = async (id: number): Promise<void> => {
    while (going) {
      const name = `${prefix}-${id}-${names.length}`;
      const body = deployment(name);
      body.spec.replicas = 0;
      const { status, text } = await plane.api(path, { method: 'POST', body, expectFailure: 'either' });
      if (status === 201) names.push(name);
      else failures.push(`${status} ${text}`);
    }
  };
  const lanes = [0, 1, 2, 3].map(lane);
  return {
    stop: async () => {
      going = false;
      await Promise.all(lanes);
      return { names, failures };
    },
  };
}

/** Every stored object has its probe and one line a phase. */
async function everyDecisionStands(t: Tap, names: readonly string[]): Promise<void> {
  const stored = await plane.list<{ metadata: { name: string }; spec: { template: { spec: { containers: object[] } } } }>(
    'deployments',
    namespace,
  );
  const unprobed = stored
    .filter(({ spec }) => !('startupProbe' in spec.template.spec.containers[0]!))
    .map(({ metadata }) => metadata.name);
  t.strictSame(unprobed, [], 'nobody slipped in without a bouncer');
  const undecided = names.filter(
    (name) => installation.audit(name, 'mutate').length === 0 || installation.audit(name, 'validate').length === 0,
  );
  t.strictSame(undecided, [], 'no decision without its line');
}

await t.test('a replica leaves on SIGTERM under writes, and nobody notices', async (t) => {
  const writes = writing('leaving');
  const [leaving] = installation.replicas;
  // As a kubelet and the endpoint controller do it, in either order.
  leaving!.signal('SIGTERM');
  await plane.endpoints.setReady('rollback-bouncer', 'rollback-bouncer-webhook', 'replica-0', false);
  t.equal(await leaving!.waitForExit(15_000), 0, 'exit code 0');
  const { names, failures } = await writes.stop();
  t.strictSame(failures, []);
  t.ok(names.length > 20, `${names.length} writes meanwhile`);
  await everyDecisionStands(t, names);
});

await t.test('a new leaf under the same CA is taken up without a restart, and nobody notices', async (t) => {
  const writes = writing('rotating');
  const before = await servedSerial();
  const script = join(import.meta.dirname, '../../certs/make-dev-certs.sh');
  await promisify(execFile)('bash', [script, '--out', installation.certificates, '--leaf-only']);
  await eventually(async () => (await servedSerial()) !== before, {
    what: 'the new certificate to be served',
    timeoutMs: 10_000,
  });
  const { names, failures } = await writes.stop();
  t.strictSame(failures, []);
  await everyDecisionStands(t, names);
});

await t.test('half a certificate changes nothing', async (t) => {
  const before = await servedSerial();
  const file = join(installation.certificates, 'tls.crt');
  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.slice(0, whole.length / 2));
  const replica = installation.replicas[1]!;
  await eventually(() => replica.errorLines().some((line) => line.includes('new certificate refused')), {
    what: 'the refusal in the log',
    timeoutMs: 10_000,
  });
  t.equal(await servedSerial(), before);
  t.equal((await plane.api(path, { method: 'POST', body: deployment('guest') })).status, 201);
  t.ok(await watching(plane, 'guest').probe(), 'still judged');
  writeFileSync(file, whole);
});

await t.test('the kill switch is in force within seconds, and a broken configuration changes nothing', async (t) => {
  const said = (words: string): (() => boolean) => {
    const replica = installation.replicas[1]!;
    const before = replica.errorLines().filter((line) => line.includes(words)).length;
    return () => replica.errorLines().filter((line) => line.includes(words)).length > before;
  };
  const isProbed = async (name: string): Promise<boolean> => {
    await plane.api(path, { method: 'POST', body: deployment(name) });
    return (await watching(plane, name).probe()) !== undefined;
  };
  const switched = said('configuration in force');
  writeFileSync(config, configuration('audit'));
  await eventually(switched, { what: 'the kill switch in the log', timeoutMs: 10_000 });
  t.equal(await isProbed('switched-off'), false);
  t.match(installation.audit('switched-off', 'mutate'), [
    { verdict: 'allow', findings: [{ code: 'probe-added', mode: 'audit' }] },
  ]);

  const refused = said('new configuration refused');
  writeFileSync(config, 'mode: nonsense');
  await eventually(refused, { what: 'the refusal in the log', timeoutMs: 10_000 });
  t.equal(await isProbed('still-off'), false, 'the last good one stays');

  const restored = said('configuration in force');
  writeFileSync(config, configuration('enforce'));
  await eventually(restored, { what: 'the configuration in the log', timeoutMs: 10_000 });
  t.equal(await isProbed('on-again'), true);
});

function configuration(mode: string): string {
  return `apiVersion: rollback-bouncer.dev/v1alpha1\nkind: Configuration\nmode: ${mode}\n`;
}

function servedSerial(): Promise<string> {
  const port = Number(
    /"port":(\d+)/.exec(installation.replicas[1]!.errorLines().find((line) => line.includes('listening')) ?? '')?.[1],
  );
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber);
      socket.end();
    });
    socket.on('error', reject);
  });
}
