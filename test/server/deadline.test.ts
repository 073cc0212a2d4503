import t from 'tap';
import { budgetMs, longestMs, reserveMs } from '../../src/server/deadline.ts';

void t.test('the budget of a review', (t) => {
  const table: readonly (readonly [unknown, number])[] = [
    ['1s', 1_000 - reserveMs],
    ['3s', 3_000 - reserveMs],
    ['500ms', 500 - reserveMs],
    ['1.5s', 1_500 - reserveMs],
    ['100ms', 0],
    ['0s', 0],
    ['5s', longestMs],
    ['30s', longestMs],
    ['1m', longestMs],
  ];
  for (const [timeout, budget] of table) t.equal(budgetMs(timeout), budget, String(timeout));
  const odd = [undefined, '', '5', 's', '-1s', '1s ', '1e3s', 'NaNs', '1h2m', '9'.repeat(400) + 's', ['1s', '2s'], 5, null, {}];
  for (const timeout of odd) t.equal(budgetMs(timeout), longestMs, `our own for ${JSON.stringify(timeout)}`);
  t.end();
});
