import { createHash } from 'node:crypto';

/** Longest text of an attribute that is kept, in UTF-16 units; the same at every door. */
export const MAX_TEXT = 4096;

/** In between no id has a digest by accident, and a person sees that something is left out. */
const MARK = '…';
const DIGEST_DIGITS = 64;

/**
 * A text as an attribute or an id may have it. A longer one is its beginning and a digest of the whole: cut alone, two agents whose
 * ids differ only behind the cut would be one, and their rows would lie in one file. Text that is bounded stays as it is.
 *
 * Hashing costs 1.4 ms a megabyte (Node 24.21, 2 cores, 2026-11-23), and few attributes that are kept are ever so long.
 */
export const boundedText = (text: string): string => (text.length > MAX_TEXT ? boundedBeginning(text, text) : text);

/**
 * The same where only a part of the whole has become text.
 * @param beginning longer than MAX_TEXT, or the whole
 * @param whole as UTF-8, or as text
 */
export function boundedBeginning(beginning: string, whole: Uint8Array | string): string {
  const room = MAX_TEXT - MARK.length - DIGEST_DIGITS;
  // Half of a pair would become another character in the file than it is in the file's name.
  const isHalf = (beginning.charCodeAt(room - 1) & 0xfc00) === 0xd800;
  const digest = createHash('sha256').update(whole).digest('hex');
  return `${beginning.slice(0, isHalf ? room - 1 : room)}${MARK}${digest}`;
}
