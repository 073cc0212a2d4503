import t from 'tap';
import { createAttempts } from '../../src/server/attempts.ts';

void t.test('repetitions are counted for each side', (t) => {
  const { count } = createAttempts();
  t.strictSame([count('mutate', 'a'), count('mutate', 'a'), count('validate', 'a'), count('mutate', 'b')], [1, 2, 1, 1]);
  for (const odd of ['__proto__', 'constructor']) t.strictSame([count('mutate', odd), count('mutate', odd)], [1, 2], odd);
  t.end();
});

void t.test('the memory is bounded: the oldest uid goes', (t) => {
  const { count } = createAttempts(2);
  for (const uid of ['a', 'b', 'c']) count('mutate', uid);
  t.equal(count('mutate', 'c'), 2);
  t.equal(count('mutate', 'a'), 1);
  t.end();
});
