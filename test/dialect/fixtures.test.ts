import { describe, expect, test } from 'vitest';
import { classify } from '../../src/dialect/classify.ts';
import { cleanSpan } from '../../src/dialect/clean-span.ts';
import { DIALECTS } from '../../src/dialect/registry.ts';
import { replay } from '../support/replay.ts';
import { type SpanCase, shortRow, spanCases } from './span-fixture.ts';

const CASES = spanCases();

const ORDERS: [order: string, (spans: SpanCase['spans']) => SpanCase['spans'], batch: number][] = [
  ['in file order', (spans) => spans, 10_000],
  ['reversed', (spans) => spans.toReversed(), 10_000],
  ['one span a batch', (spans) => spans, 1],
  ['reversed, one span a batch', (spans) => spans.toReversed(), 1],
];

describe('a span case gives its rows', () => {
  const runs = CASES.flatMap((one) =>
    ORDERS.map(([order, arrange, batch]) => [`${one.dialect}/${one.name}`, order, one, arrange, batch] as const),
  );
  test.each(runs)('%s %s', (_name, _order, one, arrange, batch) => {
    const rows = replay(arrange(one.spans), { batch, restart: false, options: one.options, mayWait: true });
    for (const table of ['tasks', 'calls'] as const) {
      const found = (rows[table] as Record<string, unknown>[]).map(shortRow);
      const expected = one.expected[table].toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
      expect(found.map((row) => row.id)).toEqual(expected.map((row) => row.id));
      found.forEach((row, i) => expect(row, `${table} ${row.id}`).toMatchObject(expected[i] ?? {}));
    }
  });
});

describe('the cases', () => {
  test('cover every dialect of the registry, and none that is not there', () => {
    expect([...new Set(CASES.map((one) => one.dialect))].sort()).toEqual(DIALECTS.map((dialect) => dialect.name).sort());
  });

  test('read the same after they waited on disk for their agent, without what may not lie there', () => {
    for (const { dialect, name, spans } of CASES) {
      for (const span of spans) expect(classify(cleanSpan(span)), `${dialect}/${name} ${span.name}`).toEqual(classify(span));
    }
  });
});
