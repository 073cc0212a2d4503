import t from 'tap';
import { auditFaults, deployment, namespace, startCluster, storyProbe, watching } from './cluster.ts';

const { plane, installation } = await startCluster({ auditLog: true });
const author = { namespace, user: 'developer' };
const named = (name: string): string => JSON.stringify(deployment(name));

await t.test('the Deployment of the story is stored with its bouncer', async (t) => {
  const applied = await plane.kubectl(['apply', '-f', '-'], { ...author, input: named('checkout-api') });
  t.equal(applied.stdout.trim(), 'deployment.apps/checkout-api created');
  t.equal(applied.stderr, '', 'nothing to warn about');
  const checkout = watching(plane, 'checkout-api');
  t.strictSame(await checkout.probe(), storyProbe);
  await checkout.rolledOut();

  const again = await plane.kubectl(['apply', '-f', '-'], { ...author, input: named('checkout-api') });
  t.equal(again.stdout.trim(), 'deployment.apps/checkout-api unchanged');
  t.equal((await checkout.stored()).metadata.generation, 1);
  t.equal((await checkout.replicaSets()).length, 1, 'no second ReplicaSet');
});

await t.test('each decision has its line, and the line is what the schema says', (t) => {
  const [mutate, validate] = installation.audit('checkout-api');
  t.match(mutate, {
    phase: 'mutate',
    verdict: 'mutate',
    operation: 'CREATE',
    namespace,
    user: { name: 'developer' },
    findings: [
      {
        policy: 'startup-probe',
        code: 'probe-added',
        mode: 'enforce',
        detail: { handler: '/health/ready:8080', budgetSeconds: 300 },
      },
    ],
  });
  t.match(validate, { phase: 'validate', verdict: 'allow', findings: [] });
  const faults = auditFaults();
  for (const line of installation.audit('checkout-api')) t.equal(faults(line), undefined);
  t.end();
});

await t.test('the API server keeps the decision in its own audit log', (t) => {
  const [mutate] = installation.audit('checkout-api');
  const events = plane.auditEvents() as { annotations?: Record<string, string>; objectRef?: { name?: string }; verb?: string }[];
  const created = events.find(
    ({ verb, annotations }) => verb === 'create' && annotations?.['mutate.rollback-bouncer.dev/decision'] === 'mutate',
  );
  t.equal(created?.annotations?.['mutate.rollback-bouncer.dev/decision-id'], mutate?.['decisionId']);
  t.equal(created?.annotations?.['mutate.rollback-bouncer.dev/policies'], 'startup-probe/probe-added');
  t.equal(created?.annotations?.['enforce.rollback-bouncer.dev/decision'], 'allow');
  t.end();
});

await t.test('a server-side dry run shows the probe and stores nothing', async (t) => {
  const dry = await plane.kubectl(['apply', '--dry-run=server', '-o', 'json', '-f', '-'], {
    ...author,
    input: named('rehearsal'),
  });
  const { spec } = JSON.parse(dry.stdout) as { spec: { template: { spec: { containers: { startupProbe?: unknown }[] } } } };
  t.strictSame(spec.template.spec.containers[0]?.startupProbe, storyProbe);
  t.match(installation.audit('rehearsal', 'mutate'), [{ dryRun: true, verdict: 'mutate' }]);
  const gone = await plane.kubectl(['get', 'deployment', 'rehearsal'], { namespace, expectFailure: true });
  t.match(gone.stderr, /not found/);
});

await t.test('modes of a namespace: warn says it, audit only notes it, off does not ask', async (t) => {
  for (const mode of ['warn', 'audit', 'off']) {
    await plane.createNamespace(`mode-${mode}`, { labels: { 'rollback-bouncer.dev/mode': mode } });
    const manifest = deployment(`guest-${mode}`);
    manifest.metadata.namespace = `mode-${mode}`;
    const { stderr } = await plane.apply(manifest);
    const said =
      mode === 'warn'
        ? 'Warning: [startup-probe] container checkout-api runs a JVM without startupProbe; /health/ready:8080 would do\n'
        : '';
    t.equal(stderr, said, mode);
    const { spec } = await plane.get<{ spec: { template: { spec: { containers: object[] } } } }>(
      'deployment',
      `guest-${mode}`,
      `mode-${mode}`,
    );
    t.notOk('startupProbe' in spec.template.spec.containers[0]!, `${mode} changes nothing`);
    // The Deployment controller's own update of the revision annotation is judged too.
    const creations = installation.audit(`guest-${mode}`).filter((record) => record['operation'] === 'CREATE');
    t.equal(creations.length, mode === 'off' ? 0 : 2, mode);
  }
});
