/** One JSON value of a stream, or a stretch of it that is none. Lines count from 1. */
export type SplitItem =
  | { readonly what: 'value'; readonly text: string; readonly line: number }
  | { readonly what: 'malformed'; readonly reason: string; readonly line: number };

/** Longest request, in UTF-16 units; V8 takes no string of twice that length. */
const MAX_REQUEST = 2 ** 28;
/** A request that begins a line inside another one: the other was cut off. Nothing in OTLP may hold this. */
const REQUEST_START = /\{\s{0,8}"resource(Spans|Logs|Metrics)"/y;
/** Units held back until it is known what follows, so that the pattern above is never cut. */
const LOOK_AHEAD = 32;

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;
const LINE_FEED = 10;
const BYTE_ORDER_MARK = 0xfeff;

const isBetween = (c: number): boolean => c === COMMA || c === OPEN_LIST || c === CLOSE_LIST || c <= 32 || c === BYTE_ORDER_MARK;

/**
 * Cuts a text that arrives in pieces into requests: one object, objects one a line or merely one after the other, or a
 * list of them. Holds one request at a time. What is malformed ends at the next line that begins a request, so that one
 * line which a full disk cut off takes no other with it.
 */
export class RequestSplitter {
  #held = '';
  #mode: 'between' | 'value' | 'garbage' = 'between';
  #parts: string[] = [];
  #length = 0;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #beginsLine = true;
  #line = 1;
  #startLine = 1;

  *push(piece: string): Generator<SplitItem> {
    const text = this.#held + piece;
    const end = Math.max(0, text.length - LOOK_AHEAD);
    this.#held = text.slice(end);
    yield* this.#scan(text, end);
  }

  *end(): Generator<SplitItem> {
    const text = this.#held;
    this.#held = '';
    yield* this.#scan(text, text.length);
    if (this.#mode !== 'between')
      yield this.#malformed(this.#mode === 'value' ? 'it ends in the middle' : 'it is no JSON object');
  }

  *#scan(text: string, end: number): Generator<SplitItem> {
    let from = 0;
    for (let i = 0; i < end; i++) {
      const c = text.charCodeAt(i);
      const beginsLine = this.#beginsLine;
      this.#beginsLine = c === LINE_FEED;
      if (c === LINE_FEED) this.#line += 1;
      if (this.#mode === 'value') {
        if (this.#inText) {
          if (this.#escaped) this.#escaped = false;
          else if (c === BACKSLASH) this.#escaped = true;
          else if (c === QUOTE) this.#inText = false;
          // A line feed in a text has to be escaped: the text was never closed.
          else if (c === LINE_FEED) yield this.#malformed('a text in it is not closed');
        } else if (c === QUOTE) this.#inText = true;
        else if (c === OPEN && beginsLine && this.#isRequest(text, i)) {
          yield this.#malformed('it ends in the middle');
          this.#begin();
          from = i;
        } else if (c === OPEN || c === OPEN_LIST) this.#depth += 1;
        else if ((c === CLOSE || c === CLOSE_LIST) && --this.#depth === 0) {
          const { value, line } = this.#take(text.slice(from, i + 1));
          yield value === null
            ? { what: 'malformed', reason: `it is longer than ${MAX_REQUEST} characters`, line }
            : { what: 'value', text: value, line };
        }
      } else if (c === OPEN) {
        if (this.#mode === 'garbage') yield this.#malformed('it is no JSON object');
        this.#begin();
        from = i;
      } else if (this.#mode === 'garbage') {
        if (c === LINE_FEED) yield this.#malformed('it is no JSON object');
      } else if (!isBetween(c)) {
        this.#mode = 'garbage';
        this.#startLine = this.#line;
      }
    }
    if (this.#mode === 'value') this.#keep(text.slice(from, end));
  }

  #isRequest(text: string, at: number): boolean {
    REQUEST_START.lastIndex = at;
    return REQUEST_START.test(text);
  }

  #begin(): void {
    this.#mode = 'value';
    this.#startLine = this.#line;
    this.#depth = 1;
    this.#inText = false;
    this.#escaped = false;
    this.#parts = [];
    this.#length = 0;
  }

  #keep(part: string): void {
    this.#length += part.length;
    if (this.#length > MAX_REQUEST) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(last: string): { value: string | null; line: number } {
    this.#keep(last);
    const value = this.#length > MAX_REQUEST ? null : this.#parts.join('');
    this.#parts = [];
    this.#mode = 'between';
    return { value, line: this.#startLine };
  }

  #malformed(reason: string): SplitItem {
    this.#parts = [];
    this.#mode = 'between';
    return { what: 'malformed', reason, line: this.#startLine };
  }
}
