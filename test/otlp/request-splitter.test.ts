import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KEEP_KNOWN } from '../../src/otlp/decoded.ts';
import { RequestSplitter, type SplitItem } from '../../src/otlp/request-splitter.ts';
import { salvageJson } from '../../src/otlp/salvage.ts';

/** The items of a text that arrives in pieces of these lengths, over and over. */
function split(text: string, lengths: readonly number[] = [text.length]): SplitItem[] {
  const splitter = new RequestSplitter();
  const items: SplitItem[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length] ?? 1);
    items.push(...splitter.push(text.slice(at, at + length)));
    at += length;
  }
  return [...items, ...splitter.end()];
}

const values = (items: readonly SplitItem[]): unknown[] =>
  items.flatMap((item) => (item.what === 'value' ? [JSON.parse(item.text) as unknown] : []));
const badLines = (items: readonly SplitItem[]): number[] =>
  items.flatMap((item) => (item.what === 'malformed' ? [item.line] : []));

const request = (n: number) => ({ resourceSpans: [{ n, text: 'a "quoted" } { ] [ \\ \n sign' }] });
const REQUESTS = [request(1), request(2), request(3)];
const lines = (texts: readonly string[]): string => texts.join('\n');
const texts = REQUESTS.map((one) => JSON.stringify(one));

describe('a stream of requests', () => {
  test.each([
    ['one a line', lines(texts)],
    ['a list', JSON.stringify(REQUESTS)],
    ['a list over several lines', JSON.stringify(REQUESTS, null, 2)],
    ['several documents over several lines', lines(REQUESTS.map((one) => JSON.stringify(one, null, 2)))],
    ['one after the other', texts.join('')],
    ['lines with a byte order mark, empty lines and carriage returns', `\ufeff${texts.join('\r\n\r\n')}\r\n`],
    ['a list a line', lines(REQUESTS.map((one) => JSON.stringify([one])))],
  ])('as %s gives each, however it is cut', (_, text) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }), (lengths) => {
        const items = split(text, lengths);
        expect(values(items)).toEqual(REQUESTS);
        expect(badLines(items)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['cut off', '{"resourceSpans":[{"a":[1,2'],
    ['cut off within a text', '{"resourceSpans":[{"a":"b'],
    ['no JSON', 'Segmentation fault'],
    ['a number', '17'],
  ])('loses only the line that is %s', (_, bad) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (length) => {
        const items = split(lines([texts[0] ?? '', bad, texts[1] ?? '', texts[2] ?? '']), [length]);
        expect(values(items)).toEqual(REQUESTS);
        expect(badLines(items)).toEqual([2]);
      }),
      { numRuns: 30 },
    );
  });

  test('says that its end is missing', () => {
    expect(badLines(split(lines([texts[0] ?? '', '{"resourceSpans":[']))).toString()).toBe('2');
    expect(split('')).toEqual([]);
    expect(split(' \n ')).toEqual([]);
  });
});

describe('a request with a malformed frame', () => {
  const span = {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    startTimeUnixNano: '1768471200000000000',
    endTimeUnixNano: '1768471201000000000',
  };
  const group = (scopeSpans: unknown) => ({ scopeSpans });
  const good = group([{ spans: [span] }]);
  const read = (value: unknown) => {
    const { parts, problems } = salvageJson(JSON.stringify(value), KEEP_KNOWN);
    return { spans: parts.reduce((sum, part) => sum + part.spans.length, 0), problems: problems.length };
  };

  test('keeps the groups that are sound', () => {
    expect(read({ resourceSpans: [good, good] })).toEqual({ spans: 2, problems: 0 });
    expect(read({ resourceSpans: [good, 5, good] })).toEqual({ spans: 2, problems: 1 });
    expect(read({ resourceSpans: [group([{ spans: [span] }, 'x', { spans: 7 }])] })).toEqual({ spans: 1, problems: 2 });
    expect(read({ resourceSpans: [good], resourceLogs: 'x' })).toEqual({ spans: 1, problems: 1 });
  });

  test('is a problem, not a mistake of ours, where nothing of it can be read', () => {
    for (const value of [null, 5, [], 'x', { resourceSpans: 5 }, { resourceMetrics: [] }, { foo: 1 }]) {
      expect(read(value), JSON.stringify(value)).toEqual({ spans: 0, problems: 1 });
    }
    expect(read({})).toEqual({ spans: 0, problems: 0 });
  });
});
