import { clean } from './clean.ts';

const CONTEXT = 3;

/** The lines in which two texts differ, as `diff -u` shows them; empty where they are equal. For files that people write. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const steps = stepsBetween(old, now);
  const shown = steps.map(
    (step, i) => step.what !== ' ' || steps.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((s) => s.what !== ' '),
  );
  const out: string[] = [];
  for (let i = 0; i < steps.length; ) {
    if (!shown[i]) {
      i += 1;
      continue;
    }
    let end = i;
    while (end < steps.length && shown[end]) end += 1;
    const hunk = steps.slice(i, end);
    const first = hunk[0] as Step;
    const count = (without: string): number => hunk.filter(({ what }) => what !== without).length;
    out.push(`@@ -${start(first.old, count('+'))},${count('+')} +${start(first.now, count('-'))},${count('-')} @@`);
    out.push(...hunk.map(({ what, line }) => what + clean(line.replace(/\r$/, '').replaceAll('\t', '    '))));
    i = end;
  }
  return out.length === 0
    ? ''
    : [`--- ${before === '' ? '/dev/null' : clean(path)}`, `+++ ${after === '' ? '/dev/null' : clean(path)}`, ...out, ''].join(
        '\n',
      );
}

/** A hunk without lines of one side names the line before it. */
const start = (index: number, lines: number): number => (lines === 0 ? index : index + 1);

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

interface Step {
  readonly what: ' ' | '-' | '+';
  readonly line: string;
  readonly old: number;
  readonly now: number;
}

/** By the longest common subsequence, whose table grows with the product of the lines: equal ends are left out of it. */
function stepsBetween(old: readonly string[], now: readonly string[]): Step[] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const [rows, columns] = [old.length - tail, now.length - tail];
  const common: Uint16Array[] = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = rows - 1; i >= head; i--) {
    for (let j = columns - 1; j >= head; j--) {
      (common[i] as Uint16Array)[j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const steps: Step[] = [];
  for (let i = 0, j = 0; i < old.length || j < now.length; ) {
    const isInMiddle = i >= head && (i < rows || j < columns);
    if (!isInMiddle || (i < rows && j < columns && old[i] === now[j])) {
      steps.push({ what: ' ', line: old[i] ?? '', old: i++, now: j++ });
    } else if (i < rows && (j >= columns || at(i + 1, j) >= at(i, j + 1))) {
      steps.push({ what: '-', line: old[i] ?? '', old: i++, now: j });
    } else {
      steps.push({ what: '+', line: now[j] ?? '', old: i, now: j++ });
    }
  }
  return steps;
}
