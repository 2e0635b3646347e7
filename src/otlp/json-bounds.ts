import { OtlpDecodeError } from './decoded.ts';

/** Attributes of attributes reach 14; tool arguments that are sent as maps go a little deeper. */
const MAX_DEPTH = 100;
/** 64 MiB of real spans hold 3.7 million. */
const MAX_VALUES = 4_000_000;

/**
 * Looks through a JSON text for nesting and numbers of values that nobody sends in earnest. JSON.parse has no limit of its
 * own: 32 MB of `[` cost it 920 MB and 6 s, 30 MB of `[],` 430 MB and 2 s (Node 24.21, 2 cores, 2026-11-23). The look costs a
 * third of a parse of real spans.
 * @throws {OtlpDecodeError}
 */
export function assertJsonBounds(text: string): void {
  let depth = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfText(text, i);
        if (i < 0) return; // Not JSON: its parser says so better.
        break;
      case 0x2c: // ,
        values++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        values++;
        if (++depth > MAX_DEPTH) throw new OtlpDecodeError(`character ${i}`, `it is nested deeper than ${MAX_DEPTH} levels`);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      default:
    }
  }
  if (values > MAX_VALUES) throw new OtlpDecodeError('', `it holds more than ${MAX_VALUES} values`);
}

/** Where the text that begins with the quote at `start` ends; negative where it does not. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === 0x5c) first--;
  return (at - first) % 2 === 1;
}
