import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BatchFeed } from '../../src/cli/ingest-batches.ts';
import type { SpanBatch } from '../../src/model/span-record.ts';
import { column } from '../support/agent-rows.ts';
import { recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { spanId, T0, taskSpan, traceId } from '../support/span-makers.ts';

test('a span that the recorder cannot digest is told of as a failure, and all others of its batch are written', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const apply = recorder.apply.bind(recorder);
  // A defect that one span shows, in the real recorder.
  recorder.apply = (batch: SpanBatch) => {
    if (batch.spans.some((span) => span.spanId === spanId(3))) throw new TypeError('a defect');
    return apply(batch);
  };
  const feed = new BatchFeed(recorder, 'w', T0);
  const spans = [1, 2, 3, 4, 5].map((n) => taskSpan(`run-${n}`, { span: n, trace: n }));
  feed.add({ spans, logs: [], rejected: {}, skippedLogs: 0, room: 0 });
  feed.flush();
  expect(feed.failures).toEqual([{ spans: 1, message: expect.stringContaining('a defect') as string }]);
  expect(feed.failures[0]?.message).toContain(`span ${spanId(3)} of trace ${traceId(3)}`);
  expect(column(join(folder, 'w.db'), 'SELECT task_id FROM task_executions ORDER BY 1')).toEqual([
    'run-1',
    'run-2',
    'run-4',
    'run-5',
  ]);
});
