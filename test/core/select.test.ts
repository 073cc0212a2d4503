import t from 'tap';
import { selector } from '../../src/core/select.ts';
import { aPolicy, aRequest } from './samples.ts';

const scale = aPolicy({
  id: 'scale',
  phases: ['validate'],
  matches: [
    { group: 'apps', resources: ['deployments/scale', 'statefulsets/scale'], operations: ['UPDATE'] },
    { group: '', resources: ['services'], operations: ['CREATE', 'DELETE'] },
  ],
  needs: [],
});
const select = selector([aPolicy(), scale, aPolicy({ id: 'another' })]);
const ids = (...args: Parameters<typeof select>) => select(...args).policies.map(({ id }) => id);

void t.test('by phase, operation, group, resource and subresource', (t) => {
  t.strictSame(ids(aRequest(), 'mutate'), ['a-policy', 'another'], 'in the order of the list');
  t.strictSame(ids(aRequest({ operation: 'DELETE' }), 'mutate'), []);
  t.strictSame(ids(aRequest({ group: 'extensions' }), 'mutate'), []);
  t.strictSame(ids(aRequest({ subresource: 'status' }), 'mutate'), []);
  const scaled = { operation: 'UPDATE', subresource: 'scale' } as const;
  t.strictSame(ids(aRequest(scaled), 'validate'), ['scale']);
  t.strictSame(ids(aRequest(scaled), 'mutate'), [], 'a phase that a policy has not');
  t.strictSame(ids(aRequest({ ...scaled, resource: 'statefulsets' }), 'validate'), ['scale']);
  t.strictSame(ids(aRequest({ group: '', resource: 'services', operation: 'DELETE' }), 'validate'), ['scale']);
  t.strictSame(ids(aRequest({ group: '', resource: 'services', operation: 'UPDATE' }), 'validate'), []);
  t.strictSame(ids(aRequest({ version: 'v1beta9' }), 'mutate'), ['a-policy', 'another'], 'whatever the version');
  t.end();
});

void t.test('the needs of all, each once, and the labels that modes need', (t) => {
  t.strictSame(select(aRequest(), 'mutate').needs, ['namespaceLabels', 'ownedReplicaSets']);
  t.strictSame(select(aRequest({ group: '', resource: 'services' }), 'validate').needs, ['namespaceLabels']);
  t.end();
});

void t.test('names that every object has are no resources', (t) => {
  for (const resource of ['constructor', '__proto__', 'toString'])
    t.strictSame(ids(aRequest({ resource, group: '' }), 'mutate'), []);
  t.end();
});
