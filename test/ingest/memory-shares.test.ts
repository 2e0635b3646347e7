import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CACHED_SPANS_OF_ALL, pageShareKib, spanShare } from '../../src/ingest/memory-shares.ts';
import { MAX_OPEN_FILES } from '../../src/ingest/open-files.ts';
import { Recorder } from '../../src/ingest/recorder.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { column } from '../support/agent-rows.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, taskSpan, toolSpan } from '../support/span-makers.ts';

test('pages of all files together have a bound, and a few files have what SQLite gives a file', () => {
  expect(pageShareKib(1)).toBe(16_000);
  for (let files = 1; files <= MAX_OPEN_FILES; files++) {
    expect(pageShareKib(files) * files).toBeLessThanOrEqual(128_000);
    expect(pageShareKib(files)).toBeGreaterThanOrEqual(1000);
    expect(spanShare(files) * files).toBeLessThanOrEqual(CACHED_SPANS_OF_ALL / 2);
  }
});

test('spans kept in memory have a bound over all agents; what was dropped from it is found in the file', () => {
  const folder = scratchFolder();
  const { settings } = resolveSettings({ sharedDir: folder }, {});
  const recorder = new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 0, cachedSpans: 300 });
  const agents = ['one', 'two', 'three'];
  const now = Date.now();
  const apply = (agent: string, spans: readonly SpanRecord[]): void =>
    expect(recorder.apply({ origin: fromSender(now, agent), spans, logs: [] })).toEqual({ status: 'written' });
  const tools = Array.from({ length: 200 }, (_, i) => toolSpan({ trace: i, span: 2 * i + 1, parent: 2 * i, startMs: now }));
  for (const agent of agents) apply(agent, tools);
  const trims = (): number => recorder.report().files.reduce((sum, { cacheTrims }) => sum + cacheTrims, 0);
  expect(trims()).toBeGreaterThan(0);
  // The first trace of all: gone from memory.
  for (const agent of agents) apply(agent, [taskSpan('run-0', { trace: 0, span: 0, startMs: now - 1 })]);
  recorder.close();
  for (const agent of agents) {
    const owned = column(join(folder, `${agent}.db`), 'SELECT owner_match FROM tool_calls WHERE task_execution_id IS NOT NULL');
    expect(owned).toEqual(['ancestor']);
  }
});
