/** Longer texts are computed each time: remembering them would let whoever writes them fill the memory. */
const longestKey = 256;

/**
 * Remembers the answers of a pure function of one text. When `capacity` answers are held it forgets all of them:
 * in a cluster the same names and images come again and again, so that the few that matter are soon back.
 */
export function memoised<T>(compute: (text: string) => T, capacity = 4096): (text: string) => T {
  const answers = new Map<string, { readonly answer: T }>();
  return (text) => {
    if (text.length > longestKey) return compute(text);
    const known = answers.get(text);
    if (known !== undefined) return known.answer;
    const answer = compute(text);
    if (answers.size >= capacity) answers.clear();
    answers.set(text, { answer });
    return answer;
  };
}
