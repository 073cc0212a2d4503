/** Loads every dependency that `serve` loads and does nothing: the memory that is theirs, not ours. */
import '@kubernetes/client-node';
import 'ajv';
import 'commander';
import 'fast-json-patch';
import 'fastify';
import 'pino';
import 'prom-client';
import 'yaml';

console.log('loaded');
setInterval(() => undefined, 60_000);
