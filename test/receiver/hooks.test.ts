import { describe, expect, it } from 'vitest';
import { ask, JSON_TYPE, openReceiver, RecordingStoring } from './open-receiver.ts';

const CLAUDE = '/v1/hooks/claude-code';
const GIT = '/v1/hooks/git';
const EVENT = { hook_event_name: 'PostToolUse', session_id: '0f3c', tool_name: 'Edit', tool_input: { file_path: '/a' } };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const send = async (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
  const storing = new RecordingStoring();
  const answer = await ask(await openReceiver({ storing }), path, { headers: { ...JSON_TYPE, ...headers }, body });
  return { answer, hooks: storing.hooks };
};

describe('a hook event', () => {
  it('of Claude Code is spooled as it came and answered with an empty object', async () => {
    const payload = `  ${JSON.stringify(EVENT, null, 1)}\n`;
    const { answer, hooks } = await send(CLAUDE, payload);
    expect(answer).toMatchObject({ status: 200, text: '{}', headers: { 'content-type': 'application/json' } });
    expect(hooks).toEqual([
      {
        source: 'claude',
        payload,
        context: { agentId: null, taskId: null, traceparent: null, tracestate: null },
        receivedMs: expect.closeTo(Date.now(), -4),
      },
    ]);
  });

  it('of git is spooled', async () => {
    const { answer, hooks } = await send(GIT, '{"hook":"post-commit","sha":"abc"}');
    expect([answer.status, hooks[0]?.source]).toEqual([200, 'git']);
  });

  it('has its agent, task and trace from headers', async () => {
    const { hooks } = await send(CLAUDE, JSON.stringify(EVENT), {
      'x-ai-tracker-agent-id': Buffer.from('wörker-7 🚀').toString('latin1'),
      'x-ai-tracker-task-id': 'task-1',
      traceparent: TRACEPARENT,
      tracestate: 'vendor=abc',
    });
    expect(hooks[0]?.context).toEqual({
      agentId: 'wörker-7 🚀',
      taskId: 'task-1',
      traceparent: TRACEPARENT,
      tracestate: 'vendor=abc',
    });
  });

  it('with headers that are empty, as variables that are not set make them, has no context', async () => {
    const { hooks } = await send(CLAUDE, JSON.stringify(EVENT), { 'x-ai-tracker-agent-id': '', traceparent: '', tracestate: '' });
    expect(hooks[0]?.context).toEqual({ agentId: null, taskId: null, traceparent: null, tracestate: null });
  });

  it.each(['00-zz-b7ad6b7169203331-01', TRACEPARENT.toUpperCase(), `${TRACEPARENT}x`, `x${TRACEPARENT}`])(
    'with the traceparent %s has no trace: it is taken, since the event is as good without',
    async (traceparent) => {
      const { answer, hooks } = await send(CLAUDE, JSON.stringify(EVENT), { traceparent, tracestate: 'vendor=abc' });
      expect([answer.status, hooks[0]?.context.traceparent, hooks[0]?.context.tracestate]).toEqual([200, null, null]);
    },
  );

  it.each([
    ['x-ai-tracker-agent-id', 'x'.repeat(257)],
    ['x-ai-tracker-task-id', 'a\u0085b'],
    ['x-ai-tracker-agent-id', 'a\tb'],
  ])('whose header %s is no id is refused: its rows would go to another', async (name, value) => {
    const { answer, hooks } = await send(CLAUDE, JSON.stringify(EVENT), { [name]: value });
    expect([answer.status, hooks]).toEqual([400, []]);
    expect(JSON.parse(answer.text)).toMatchObject({ message: expect.stringContaining(name) });
  });

  it.each<[string, string, string | Uint8Array]>([
    [CLAUDE, 'empty', ''],
    [CLAUDE, 'no JSON', '{"hook_event_name":"\u001b[31m'],
    [CLAUDE, 'a list', '[]'],
    [CLAUDE, 'null', 'null'],
    [CLAUDE, 'without a name', JSON.stringify({ ...EVENT, hook_event_name: undefined })],
    [CLAUDE, 'with a name that is none', JSON.stringify({ ...EVENT, hook_event_name: 'Post Tool\n' })],
    [CLAUDE, 'without a session', JSON.stringify({ ...EVENT, session_id: 7 })],
    [CLAUDE, 'with a session of control characters', JSON.stringify({ ...EVENT, session_id: 'a\u0000b' })],
    [CLAUDE, 'with an endless session', JSON.stringify({ ...EVENT, session_id: 'x'.repeat(257) })],
    [CLAUDE, 'not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
    [CLAUDE, 'nested too deep', `{"hook_event_name":"Stop","session_id":"s","x":${'['.repeat(200)}${']'.repeat(200)}}`],
    [GIT, 'of Claude', JSON.stringify(EVENT)],
    [GIT, 'with a path for a name', '{"hook":"../post-commit"}'],
  ])('at %s that is %s is refused with 400 and not spooled', async (path, _, body) => {
    const { answer, hooks } = await send(path, body);
    expect([answer.status, hooks]).toEqual([400, []]);
    expect(answer.text).not.toContain('\u001b');
    expect(JSON.parse(answer.text)).toMatchObject({ code: 3, message: expect.stringMatching(/^refused: /) });
  });

  it.each(['full', 'failed'] as const)('that cannot be spooled (%s) is answered 503 with Retry-After', async (status) => {
    const storing = Object.assign(new RecordingStoring(), { spoolOutcome: { status, message: 'cannot spool 9 bytes' } });
    const answer = await ask(await openReceiver({ storing }), CLAUDE, { headers: JSON_TYPE, body: JSON.stringify(EVENT) });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '30' } });
    expect(JSON.parse(answer.text)).toEqual({ code: 14, message: 'cannot spool 9 bytes' });
  });
});
