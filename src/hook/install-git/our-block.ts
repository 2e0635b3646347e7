/**
 * Lines of ours in a file of somebody else: between two marks, so that they can be found and taken out again, whatever has become of the
 * rest. Taking them out is the exact inverse of putting them in, to the byte.
 */
const BEGIN = '# >>> ai-tracker >>>';
const END = '# <<< ai-tracker <<<';
/** Said behind the first mark where the line before it had no line end of its own. */
const UNENDED = ' (the line above had no end)';
/** … where there was no file. */
const NEW = ' (a file of ours)';

const BLOCK = new RegExp(`${BEGIN}([^\n]*)\n(?:[^\n]*\n)*?${END}\n`);

export type BlockPlace = 'after the first line' | 'at the top' | 'at the end';

/** A file's bytes as text, one byte a character: what is no UTF-8 stays what it is. */
const ENCODING = 'latin1';

/** @param lines each without its line end. @returns the file with exactly one block of ours, these lines */
export function withBlock(bytes: Buffer | null, lines: readonly string[], place: BlockPlace): Buffer {
  const text = (bytes === null ? '' : withoutBlock(bytes)).toString(ENCODING);
  const at = place === 'at the top' ? 0 : place === 'at the end' ? text.length : endOfFirstLine(text);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const isEnded = before === '' || before.endsWith('\n');
  const said = bytes === null || isFileOfOurs(bytes) ? NEW : isEnded ? '' : UNENDED;
  const body = Buffer.from(lines.map((line) => `${line}\n`).join('')).toString(ENCODING);
  const block = `${isEnded ? '' : '\n'}${BEGIN}${said}\n${body}${END}\n`;
  return Buffer.from(before + block + after, ENCODING);
}

/** The bytes as they would be without us; the same object where nothing of ours is in them. */
export function withoutBlock(bytes: Buffer): Buffer {
  const text = bytes.toString(ENCODING);
  const found = BLOCK.exec(text);
  if (found === null) return bytes;
  const start = found.index - (found[1] === UNENDED ? 1 : 0);
  return Buffer.from(text.slice(0, start) + text.slice(found.index + found[0].length), ENCODING);
}

/** Whether there was no file before ours, and nobody has added to it. */
export const isOnlyOurs = (bytes: Buffer): boolean => isFileOfOurs(bytes) && withoutBlock(bytes).length === 0;

const isFileOfOurs = (bytes: Buffer): boolean => BLOCK.exec(bytes.toString(ENCODING))?.[1] === NEW;

export const hasBlock = (bytes: Buffer): boolean => BLOCK.test(bytes.toString(ENCODING));

function endOfFirstLine(text: string): number {
  const end = text.indexOf('\n');
  return end < 0 ? text.length : end + 1;
}
