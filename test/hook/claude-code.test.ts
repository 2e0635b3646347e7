import { describe, expect, test } from 'vitest';
import { readClaudeHook } from '../../src/hook/claude-code.ts';
import type { HookReading } from '../../src/hook/hook-event.ts';
import { claudePayload, NO_CONTEXT, NO_PLACE } from './claude-payload.ts';

const CALL = { tool_name: 'Bash', tool_use_id: 'toolu_1', tool_input: { command: 'true' } };
const read = (payload: string): HookReading => readClaudeHook(payload, NO_CONTEXT, NO_PLACE, 1_700_000_000_000);
const event = (name: string, more: Readonly<Record<string, unknown>> = {}): unknown => {
  const reading = read(claudePayload(name, more));
  return reading.what === 'event' ? reading.event : reading;
};

describe('a hook event of Claude Code', () => {
  test('has the session, the sub-agent, the folder and the time that it was read with', () => {
    const context = { agentId: 'w-1', taskId: 't-1', traceparent: null, tracestate: null };
    const place = {
      ...{ cwd: '/elsewhere', projectDir: '/repo' },
      git: { top: '/repo', branch: 'main', headSha: null, repoId: null },
    };
    const payload = claudePayload('PreToolUse', { ...CALL, agent_id: 'a1b2', agent_type: 'general-purpose' });
    expect(readClaudeHook(payload, context, place, 17)).toEqual({
      what: 'event',
      event: {
        ...{ source: 'claude-code', what: 'tool', phase: 'started', toolUseId: 'toolu_1', toolName: 'Bash', timeMs: 17 },
        ...{ sessionId: 's-1', subAgent: 'a1b2', durationMs: null, error: null, edits: [], context },
        place: { ...place, cwd: '/repo' },
      },
    });
  });

  test.each<[string, string, Record<string, unknown>, string | null]>([
    ['PreToolUse', 'started', {}, null],
    ['PostToolUse', 'succeeded', { tool_response: { stdout: '' } }, null],
    ['PostToolUse', 'interrupted', { tool_response: { stdout: '', interrupted: true } }, null],
    ['PostToolUseFailure', 'failed', { error: 'Exit code 3', is_interrupt: false }, 'Exit code 3'],
    ['PostToolUseFailure', 'interrupted', { error: 'stopped', is_interrupt: true }, 'stopped'],
    ['PermissionDenied', 'denied', { reason: 'too risky' }, 'too risky'],
  ])('%s tells that a call %s', (name, phase, more, error) => {
    expect(event(name, { ...CALL, ...more, duration_ms: 12.5 })).toMatchObject({ phase, error, durationMs: 12.5 });
  });

  test('that ends a notebook edit with an error tells that it failed', () => {
    const answer = { tool_name: 'NotebookEdit', tool_use_id: 't', tool_response: { error: 'no such cell', notebook_path: '/n' } };
    expect(event('PostToolUse', answer)).toMatchObject({ phase: 'failed', error: 'no such cell', edits: [] });
  });

  test('of an interrupted command has the files that it had changed by then', () => {
    const bashEditDiff = { files: [{ filePath: 'a', hunks: [{ lines: ['+x'] }], created: true }], moreFiles: 0 };
    expect(event('PostToolUse', { ...CALL, tool_response: { interrupted: true, bashEditDiff } })).toMatchObject({
      phase: 'interrupted',
      edits: [{ path: '/repo/a', type: 'create', linesAdded: 1 }],
    });
  });

  test('of a whole turn lists its calls, and which of them were rejected before they ran', () => {
    const call = (id: string, tool_response: unknown): unknown => ({ tool_name: 'Edit', tool_use_id: id, tool_response });
    const calls = [
      call('fine', 'The file has been updated'),
      call('rejected', '<tool_use_error>String to replace not found</tool_use_error>'),
      call('rejected-in-blocks', [{ type: 'text', text: '<tool_use_error>No such tool' }]),
      { tool_name: 'Edit' },
      'garbage',
    ];
    expect(event('PostToolBatch', { tool_calls: calls })).toMatchObject({
      what: 'batch',
      calls: [
        { toolUseId: 'fine', toolName: 'Edit', isToolUseError: false },
        { toolUseId: 'rejected', isToolUseError: true },
        { toolUseId: 'rejected-in-blocks', isToolUseError: true },
      ],
    });
  });

  test('of a session tells its beginning and its end', () => {
    expect(event('SessionStart', { source: 'startup' })).toMatchObject({ what: 'session', phase: 'started' });
    expect(event('SessionEnd', { reason: 'other' })).toMatchObject({ what: 'session', phase: 'ended' });
  });

  test.each<[string, string]>([
    ['not_json', ''],
    ['not_json', '{"hook_event_name":"PostToolUse"'],
    ['not_json', '[]'],
    ['not_json', 'null'],
    ['no_session', claudePayload('PreToolUse', { ...CALL, session_id: 7 })],
    ['no_event_name', claudePayload('')],
    ['no_tool_call', claudePayload('PostToolUse', { tool_name: 'Edit' })],
    ['no_tool_call', claudePayload('PostToolUse', { ...CALL, tool_use_id: 'x'.repeat(10_000) })],
    ['no_row', claudePayload('UserPromptSubmit', { prompt: 'hello' })],
    ['no_row', claudePayload('PermissionRequest', CALL)],
    ['unknown_event', claudePayload('BrainTransplant')],
    ['unknown_event', claudePayload('constructor')],
  ])('is ignored as %s: %s', (reason, payload) => {
    expect(read(payload)).toEqual({ what: 'ignored', reason });
  });

  test.each(['Write', 'Edit', 'MultiEdit', 'NotebookEdit', 'Bash', 'mcp__filesystem__write_file'])(
    'of %s with values of wrong types is read without them',
    (tool_name) => {
      for (const wrong of [null, 7, 'text', [], { filePath: 1, structuredPatch: {}, bashEditDiff: [], edits: 'x' }]) {
        const reading = event('PostToolUse', { ...CALL, tool_name, tool_input: wrong, tool_response: wrong, duration_ms: '1' });
        expect(reading).toMatchObject({ phase: 'succeeded', edits: [], durationMs: null });
      }
      const hunks = [null, 'x', { lines: 'y' }, { lines: [1, '+a', null] }];
      const odd = {
        filePath: '/f',
        file_path: '/f',
        type: 5,
        content: {},
        structuredPatch: hunks,
        bashEditDiff: { files: [{}] },
      };
      expect(event('PostToolUse', { ...CALL, tool_name, tool_input: odd, tool_response: odd })).toHaveProperty('edits');
    },
  );

  test('keeps of an error what a column can hold', () => {
    const reading = event('PostToolUseFailure', { ...CALL, error: 'x'.repeat(1_000_000) }) as { error: string };
    expect(reading.error).toHaveLength(4096);
  });
});
