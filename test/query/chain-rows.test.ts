import { expect, test } from 'vitest';
import { type ChainCall, callsById, modelCallBehind } from '../../src/query/chain-rows.ts';
import { OpenFiles } from '../../src/query/open-files.ts';
import { runQuery } from '../../src/query/run-query.ts';
import { sqlBuilder } from '../../src/store/sql.ts';
import { claudeTelemetry } from '../support/claude-capture.ts';
import { recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, modelSpan, toolSpan } from '../support/span-makers.ts';
import { everythingIn } from './selection.ts';

const toolsIn = (files: OpenFiles): ChainCall[] =>
  files.ask((file) =>
    runQuery<ChainCall>(
      file,
      sqlBuilder.selectFrom('tool_calls').selectAll().where('kind', 'in', ['tool', 'mcp']).orderBy('called_at'),
    ),
  );

function recorded(signals: readonly ('traces' | 'logs')[]): OpenFiles {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  for (const signal of signals) recorder.apply({ origin: fromSender(Date.now(), 'w'), ...claudeTelemetry('multi', signal) });
  recorder.close();
  return new OpenFiles(everythingIn(folder));
}

test('the request behind a tool call of Claude Code is exact where its logs name it, else the last one before the call', () => {
  const both = recorded(['traces', 'logs']);
  const tracesOnly = recorded(['traces']);
  try {
    const exact = toolsIn(both).map((tool) => modelCallBehind(both, tool));
    expect(exact.length).toBeGreaterThan(2);
    expect(exact.map((found) => found?.match)).toEqual(exact.map(() => 'exact'));
    const inferred = new Map(toolsIn(tracesOnly).map((tool) => [tool.call_id, modelCallBehind(tracesOnly, tool)]));
    for (const found of inferred.values()) expect(found?.match).toBe('inferred');
    // The guess is right wherever the logs can say so.
    const known = toolsIn(both).map((tool) => [tool.call_id, modelCallBehind(both, tool)?.call.request_id]);
    expect(known.map(([callId]) => [callId, inferred.get(callId ?? '')?.call.request_id])).toEqual(known);
  } finally {
    both.close();
    tracesOnly.close();
  }
});

test('a tool call within a model call is exactly its', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const spans = [modelSpan({ span: 1 }), toolSpan({ span: 2, parent: 1 })];
  recorder.apply({ origin: fromSender(Date.now(), 'w'), spans, logs: [] });
  recorder.close();
  const files = new OpenFiles(everythingIn(folder));
  try {
    const [tool] = toolsIn(files);
    expect(tool === undefined ? null : modelCallBehind(files, tool)?.match).toBe('exact');
    expect(callsById(files, [tool?.id ?? '']).size).toBe(1);
    expect(callsById(files, []).size).toBe(0);
  } finally {
    files.close();
  }
});
