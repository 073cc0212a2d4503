/** `make up`: a control plane with the webhook installed by its manifests, until Ctrl-C or `make down`. */
import { installWebhook } from '../test/controlplane/installation.ts';
import { up } from '../test/controlplane/up.ts';

process.exitCode = await up(process.argv.slice(2), async (plane) => {
  const installation = await installWebhook(plane, { replicas: 2, drainSeconds: 1 });
  console.log(
    'webhook installed: two replicas; try  kubectl apply -f test/objects/checkout-api.yaml  after  kubectl create namespace prod-eu-central',
  );
  return () => installation.stop();
});
