import type { EditContent, HeldText, PatchHunk } from '../hook/edit-contents.ts';
import type { ToldContent, ToldHunk } from './authorship-event.ts';
import type { LineTexts } from './line-texts.ts';

/** A text is kept as numbers of its lines: the memory holds no text. */
export function toldContent(texts: LineTexts, held: HeldText): ToldContent {
  if (held === 'absent' || held === 'unknown') return held;
  return texts.contentOf(texts.textsOf(held.text));
}

export function toldHunks(texts: LineTexts, { hunks, after }: EditContent): ToldHunk[] | null {
  if (hunks === null || after !== 'unknown') return null;
  return hunks.map((hunk) => ({ oldStart: hunk.oldStart, lines: linesOf(texts, hunk) }));
}

function linesOf(texts: LineTexts, { lines, oldEndsBare, newEndsBare }: PatchHunk): ToldHunk['lines'] {
  const lastOld = lines.findLastIndex((line) => !line.startsWith('+'));
  const lastNew = lines.findLastIndex((line) => !line.startsWith('-'));
  return lines.map((line, n) => {
    const sign = line[0] === '+' || line[0] === '-' ? line[0] : ' ';
    const isBare = (n === lastOld && oldEndsBare && sign !== '+') || (n === lastNew && newEndsBare && sign !== '-');
    const [text = 0] = texts.textsOf(isBare ? line.slice(1) : `${line.slice(1)}\n`);
    return [sign, text] as const;
  });
}
