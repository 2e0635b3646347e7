/** Short for a last line that no newline ends: another line than the one with it, for git as for us. */
const NO_NEWLINE = '\0';
const BYTE_ORDER_MARK = '\uFEFF';

/** Words that every program is full of: alone they tell nothing of who wrote them. */
const COMMON = new Set(
  [
    'else',
    'return',
    'break',
    'continue',
    'endif',
    'pass',
    'then',
    'done',
    'begin',
    'default',
    'null',
    'true',
    'false',
    'esac',
    'finally',
  ].concat([
    'try',
    'do',
    'end',
    'fi',
    'div',
    'span',
    'returnnull',
    'returntrue',
    'returnfalse',
    'returnnone',
    'none',
    'usestrict',
    'endfor',
    'endfunction',
  ]),
);

/** Lines as they are compared: without the CR before a newline and without a byte order mark. Nothing has no lines. */
export function linesOf(text: string): string[] {
  if (text === '' || text === BYTE_ORDER_MARK) return [];
  const lines = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).split('\n');
  const last = lines.pop() as string;
  const whole = lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (last !== '') whole.push(last + NO_NEWLINE);
  return whole;
}

export const endsWithoutNewline = (line: string): boolean => line.endsWith(NO_NEWLINE);

/** Without white space. */
export const normalOf = (line: string): string => line.replace(/[\s\0]+/g, '');

/** Whether equal text alone says something of who wrote it: at least three letters or digits, and no word that all programs are full of. */
export function isDistinctive(line: string): boolean {
  const letters = line.replace(/[^\p{L}\p{N}]+/gu, '');
  return letters.length >= 3 && !COMMON.has(letters.toLowerCase());
}

/** As git decides: a NUL among the first bytes. */
export const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, 8000).includes(0);
