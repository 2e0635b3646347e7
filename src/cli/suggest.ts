/** The name nearest to a mistyped one: one that begins so, else one within two edits; null where none is near. */
export function nearestName(typed: string, names: readonly string[]): string | null {
  const begins = names.find((name) => typed.length >= 2 && name.startsWith(typed));
  if (begins !== undefined) return begins;
  let best: string | null = null;
  let bestDistance = Math.min(3, typed.length);
  for (const name of names) {
    const distance = editDistance(typed.slice(0, 32), name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Levenshtein's, with the swap of two neighbours as one edit. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  const cell = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, cell(i - 2, j - 2) + 1);
      row.push(least);
    }
  }
  return cell(a.length, b.length);
}
