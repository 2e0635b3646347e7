import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { expectBalance, record, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, modelSpan, spanId, T0, toolSpan } from '../support/span-makers.ts';

const USED = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 };
const silent = (span: number, parent: number): SpanRecord => modelSpan({ span, parent });
const told = (span: number, parent: number): SpanRecord => modelSpan({ span, parent, attributes: USED });

const LOOPS: [name: string, spans: SpanRecord[]][] = [
  ['its own parent', [silent(1, 1)]],
  ['its own parent, with tokens', [told(1, 1)]],
  ['two of them', [silent(1, 2), silent(2, 1)]],
  ['two with tokens', [told(1, 2), told(2, 1)]],
  ['two, one with tokens', [told(1, 2), silent(2, 1)]],
  ['three of them', [silent(1, 2), silent(2, 3), told(3, 1)]],
];

describe('model calls whose parents go round in a circle have a row each, and take nobody else along', () => {
  for (const batch of [1, 512]) {
    test.each(LOOPS)(`%s, ${batch} at a time`, (_, loop) => {
      const folder = scratchFolder();
      const recorder = recorderIn(folder);
      const spans = [toolSpan({ trace: 2, span: 90 }), ...loop, toolSpan({ trace: 3, span: 91 })];
      for (let i = 0; i < spans.length; i += batch) record(recorder, fromSender(T0, 'agent-1'), spans.slice(i, i + batch));
      expectBalance(recorder);
      const rows = rowsIn<{ span_id: string; input_tokens: number | null }>(
        join(folder, 'agent-1.db'),
        'select span_id, input_tokens from tool_calls order by span_id',
      );
      expect(rows.map((row) => row.span_id)).toEqual([...loop.map((span) => span.spanId), spanId(90), spanId(91)]);
      const tokens = loop.filter((span) => span.attributes['gen_ai.usage.input_tokens'] !== undefined).length * 10;
      expect(rows.reduce((sum, row) => sum + (row.input_tokens ?? 0), 0)).toBe(tokens);
    });
  }
});
