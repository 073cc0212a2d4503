// Who may import whom. Read by eslint.config.js and by test/architecture.test.ts; docs/architecture.md explains it.
// `folders`: other folders of src; `packages`: npm packages and node built-ins. A folder may always import itself.
export const architecture = {
  core: { folders: [], packages: ['fast-json-patch'] },
  kubernetes: { folders: ['core'], packages: [] },
  policies: { folders: ['core', 'kubernetes'], packages: [] },
  audit: { folders: ['core'], packages: ['pino'] },
  config: { folders: ['core', 'policies'], packages: ['ajv', 'yaml', 'node:fs', 'node:fs/promises', 'node:crypto', 'node:tls'] },
  cluster: { folders: ['core', 'kubernetes'], packages: ['@kubernetes/client-node', 'node:timers/promises'] },
  server: {
    folders: ['core', 'kubernetes', 'audit', 'config', 'cluster'],
    packages: ['fastify', 'prom-client', 'ajv', 'node:crypto', 'node:https'],
  },
  cli: {
    folders: ['core', 'kubernetes', 'policies', 'config', 'cluster', 'audit'],
    packages: ['commander', 'yaml', 'node:fs', 'node:path', 'node:stream/consumers', 'node:child_process', 'node:crypto'],
  },
};

/** Folders whose code must give the same answer for the same input: no clock, no randomness, no process, no timers. */
export const pureFolders = ['core', 'kubernetes', 'policies'];

export const limits = { fileLines: 250, functionLines: 40 };
