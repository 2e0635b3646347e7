import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readClaudeHook } from '../../src/hook/claude-code.ts';
import type { FileEdit, ToolEvent } from '../../src/hook/hook-event.ts';
import { CLAUDE_RUNS, type ClaudeRun, claudeHooks, claudeTruth } from '../support/claude-capture.ts';
import { NO_CONTEXT, NO_PLACE } from './claude-payload.ts';

const ROOT = new URL('../fixtures/hook/claude-code/', import.meta.url);
const CASES = readdirSync(ROOT)
  .filter((file) => file.endsWith('.edits.json'))
  .map((file) => file.replace('.edits.json', ''));

const toolEvent = (payload: string): ToolEvent => {
  const reading = readClaudeHook(payload, NO_CONTEXT, NO_PLACE, 1);
  if (reading.what !== 'event' || reading.event.what !== 'tool')
    throw new Error(`no event of a tool: ${JSON.stringify(reading)}`);
  return reading.event;
};

describe('edits of one hook event', () => {
  test('have their cases found', () => expect(CASES.length).toBeGreaterThan(50));

  test.each(CASES)('%s', (name) => {
    const read = (suffix: string): string => readFileSync(new URL(`${name}${suffix}`, ROOT), 'utf8');
    expect(toolEvent(read('.json')).edits).toEqual(JSON.parse(read('.edits.json')) as FileEdit[]);
  });

  test('of a file for whose 60,000 replaced lines Claude Code gives its diff up are counted all the same, and soon', () => {
    const original = `head\n${'line of text here 0123456789\n'.repeat(60_000)}`;
    const started = performance.now();
    const { edits } = toolEvent(
      JSON.stringify({
        ...{ session_id: 's', cwd: '/repo', hook_event_name: 'PostToolUse', tool_name: 'Edit', tool_use_id: 'e_big' },
        tool_input: { file_path: '/repo/big.txt', old_string: 'line of text here 0123456789\n', new_string: 'LINE\n' },
        tool_response: {
          ...{ filePath: '/repo/big.txt', oldString: 'line of text here 0123456789\n', newString: 'LINE\n' },
          ...{ originalFile: original, structuredPatch: [], userModified: false, replaceAll: true },
        },
      }),
    );
    expect(edits).toMatchObject([{ linesAdded: 60_000, linesRemoved: 60_000 }]);
    // 0.06 s on an idle machine; a diff in the square of what changed takes minutes.
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe.each(CLAUDE_RUNS)('the recorded run %s', (run: ClaudeRun) => {
  test('has exactly the edits that were counted by other means', () => {
    const found = claudeHooks(run).flatMap(({ input, timeMs }) => {
      const reading = readClaudeHook(JSON.stringify(input), NO_CONTEXT, NO_PLACE, timeMs);
      if (reading.what !== 'event' || reading.event.what !== 'tool') return [];
      const { toolUseId, toolName, edits } = reading.event;
      return edits.map((edit) => ({
        ...{ tool_use_id: toolUseId, tool: toolName, file: basename(edit.path) },
        ...{ added: edit.linesAdded, removed: edit.linesRemoved },
      }));
    });
    const wanted = claudeTruth(run).file_modifications.map(({ tool_use_id, tool, file, added, removed }) => ({
      ...{ tool_use_id, tool, file, added, removed },
    }));
    expect(found).toHaveLength(wanted.length);
    expect(found).toEqual(expect.arrayContaining(wanted));
  });

  test('has its calls by phase as they were counted by other means', () => {
    const phases = new Map<string, string[]>();
    for (const { input } of claudeHooks(run)) {
      const reading = readClaudeHook(JSON.stringify(input), NO_CONTEXT, NO_PLACE, 1);
      if (reading.what !== 'event' || reading.event.what !== 'tool') continue;
      const { toolUseId, phase } = reading.event;
      phases.set(toolUseId, [...(phases.get(toolUseId) ?? []), phase]);
    }
    const count = (wanted: string): number => [...phases.values()].filter((list) => list.join() === wanted).length;
    const { succeeded, failed, no_outcome, tool_calls } = claudeTruth(run);
    // The capture leaves out one answer of 1.8 MB.
    const leftOut = phases.has('e_big') ? 1 : 0;
    expect([phases.size, count('started,succeeded'), count('started,failed'), count('started')]).toEqual([
      ...[tool_calls, succeeded - leftOut, failed, no_outcome + leftOut],
    ]);
  });
});
