import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestSplitter, type SplitItem } from '../../src/otlp/request-splitter.ts';

/** The items of a text that arrives in pieces of so many units. */
function split(text: string, piece = text.length || 1): SplitItem[] {
  const splitter = new RequestSplitter();
  const items: SplitItem[] = [];
  for (let i = 0; i < text.length; i += piece) items.push(...splitter.push(text.slice(i, i + piece)));
  return [...items, ...splitter.end()];
}
const valuesOf = (items: readonly SplitItem[]): unknown[] =>
  items.flatMap((item) => (item.what === 'value' ? [JSON.parse(item.text) as unknown] : []));
const malformedLines = (items: readonly SplitItem[]): number[] =>
  items.flatMap((item) => (item.what === 'malformed' ? [item.line] : []));

describe('a text of requests', () => {
  const requests = fc.array(
    fc.record({
      resourceSpans: fc.array(
        fc.oneof(
          fc.json().map((text) => JSON.parse(text) as unknown),
          fc.string({ unit: 'binary' }),
        ),
      ),
    }),
    { maxLength: 5 },
  );
  const layouts: ((values: unknown[]) => string)[] = [
    (values) => values.map((value) => JSON.stringify(value)).join('\n'),
    (values) => values.map((value) => `${JSON.stringify(value)}\r\n\r\n`).join(''),
    (values) => JSON.stringify(values),
    (values) => JSON.stringify(values, null, 2),
    (values) => values.map((value) => JSON.stringify(value, null, 2)).join('\n'),
    (values) => `\ufeff ${values.map((value) => JSON.stringify(value)).join('')}`,
  ];

  it('is cut into the same requests however it is laid out and however it arrives', () => {
    fc.assert(
      fc.property(requests, fc.constantFrom(...layouts), fc.integer({ min: 1, max: 50 }), (values, layout, piece) => {
        const items = split(layout(values), piece);
        expect(items.every((item) => item.what === 'value')).toBe(true);
        expect(valuesOf(items)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  const GOOD = '{"resourceSpans":[]}';
  it.each([
    ['cut off in a text', '{"resourceSpans":[{"na'],
    ['cut off between brackets', '{"resourceSpans":[{"resource":{'],
    ['no JSON at all', 'Error: disk full {'],
    ['a number', '42'],
  ])('loses only a line that is %s', (_what, bad) => {
    for (const piece of [1, 7, 1000]) {
      const items = split([GOOD, bad, GOOD, GOOD].join('\n'), piece);
      expect(valuesOf(items)).toHaveLength(3);
      expect([...new Set(malformedLines(items))]).toEqual([2]);
    }
  });

  it('that ends in the middle of a request says so', () => {
    const items = split(`${GOOD}\n{"resourceSpans":[{`);
    expect(valuesOf(items)).toHaveLength(1);
    expect(items.at(-1)).toEqual({ what: 'malformed', reason: 'it ends in the middle', line: 2 });
  });

  it('of nothing holds nothing', () => {
    for (const text of ['', '\n\n', '[]', ' [ ] ']) expect(split(text)).toEqual([]);
  });
});
