/** Shorter ones look like a word and are soon not unique. */
const LEAST = 8;

/** For each id as many of its first characters as tell it from the others: enough to name it to `ai-tracker task`. */
export function shortIds(ids: Iterable<string>): (id: string) => string {
  const sorted = [...new Set(ids)].sort();
  const shortened = new Map<string, string>();
  sorted.forEach((id, i) => {
    const shared = Math.max(sharedStart(id, sorted[i - 1]), sharedStart(id, sorted[i + 1]));
    shortened.set(id, id.slice(0, Math.max(LEAST, shared + 1)));
  });
  return (id) => shortened.get(id) ?? id;
}

function sharedStart(a: string, b: string | undefined): number {
  if (b === undefined) return 0;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}
