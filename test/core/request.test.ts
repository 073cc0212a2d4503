import t from 'tap';
import { missingPart, objectName } from '../../src/core/request.ts';
import { aRequest } from './samples.ts';

const named = (name: unknown) => ({ metadata: { name } }) as { readonly metadata: { readonly name: string } };

void t.test('the name of what a request is about', (t) => {
  t.equal(objectName('asked', named('new'), named('old')), 'asked');
  t.equal(objectName('', named('new'), named('old')), 'new');
  t.equal(objectName('', undefined, named('old')), 'old', 'deletecollection: only the old object has it');
  t.equal(objectName('', { metadata: { generateName: 'checkout-' } }, undefined), 'checkout-');
  t.equal(objectName('', { metadata: { name: '', generateName: 'checkout-' } }, undefined), 'checkout-');
  for (const odd of [undefined, null, 'text', [], {}, { metadata: null }, named(1), named(null)])
    t.equal(objectName('', odd, undefined), '', `nothing to be found in ${JSON.stringify(odd)}`);
  t.end();
});

void t.test('what an operation must carry', (t) => {
  const old = { oldObject: {} };
  t.equal(missingPart(aRequest()), undefined);
  t.equal(missingPart(aRequest({ object: undefined })), 'object');
  t.equal(missingPart(aRequest({ operation: 'UPDATE', ...old })), undefined);
  t.equal(missingPart(aRequest({ operation: 'UPDATE', object: undefined, ...old })), 'object');
  t.equal(missingPart(aRequest({ operation: 'UPDATE' })), 'oldObject');
  t.equal(missingPart(aRequest({ operation: 'DELETE', object: undefined, ...old })), undefined);
  t.equal(missingPart(aRequest({ operation: 'CONNECT', object: undefined })), undefined);
  t.end();
});
