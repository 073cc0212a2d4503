import { Command, InvalidArgumentError } from 'commander';
import type { ServeOptions } from './serve-options.ts';

/** `rollback-bouncer serve`: the command line of the webhook; `start` is what src/serve.ts does with it. */
export function serveCommand(start: (options: ServeOptions) => Promise<void>): Command {
  return new Command('serve')
    .description('Serve the admission webhook over TLS.')
    .requiredOption('--tls-cert-file <file>', 'certificate, PEM; read again when it changes')
    .requiredOption('--tls-private-key-file <file>', 'its key, PEM')
    .option('--config <file>', 'configuration file (default: the built-in settings)')
    .option('--kubeconfig <file>', 'how to reach the API server (default: as a pod)')
    .option('--address <ip>', 'address to listen on', '0.0.0.0')
    .option('--port <number>', 'port to listen on, 0 for a free one', parseCount, 8443)
    .option('--drain-seconds <number>', 'how long to serve after SIGTERM, so that endpoints can be taken out', parseCount, 10)
    .action(start);
}

function parseCount(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number) || number > 65_535) throw new InvalidArgumentError('give a whole number from 0 to 65535');
  return number;
}
