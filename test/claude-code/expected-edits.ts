import { expect } from 'vitest';
import type { RecordedRun } from './recorded-run.ts';

/** The edits of each turn, as rows have them and as git saw them. */
export function expectEditsOfEachTurn(run: RecordedRun): void {
  const edits = run.edits();
  const recorded = run.steps.map(({ tools }) => {
    const ids = new Set(tools.map(({ id }) => id));
    return {
      tools: [...ids],
      changes: edits
        .filter(({ toolUseId }) => ids.has(toolUseId))
        .map(({ path, type, previous, added, removed }) => ({ path, type, previous, added, removed })),
    };
  });
  expect(recorded).toEqual(run.steps.map(({ tools, changes }) => ({ tools: tools.map(({ id }) => id), changes })));
  // None beside: what no turn did.
  expect(edits.length).toBe(run.steps.flatMap(({ changes }) => changes).length);
  // Of the files that there are now, nothing is missing.
  expect(run.tree.changes()).toEqual([]);
}
