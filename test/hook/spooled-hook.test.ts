import { describe, expect, test } from 'vitest';
import { partsOfSpooledHook, type SpooledHookShape } from '../../src/hook/spooled-hook.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const spooled = (more: Partial<SpooledHookShape> = {}): SpooledHookShape => ({
  ...{ target: { agentId: 'w-1' }, receivedMs: 17, payload: '{}' },
  ...more,
});

describe('a spooled hook event', () => {
  test('that came over HTTP has no place and what its headers said', () => {
    const context = { taskId: 't', traceparent: TRACEPARENT, tracestate: 'v=1' };
    expect(partsOfSpooledHook(spooled({ context }))).toEqual([
      '{}',
      { agentId: 'w-1', ...context },
      { cwd: null, projectDir: null, git: null },
      17,
    ]);
  });

  test('has the id of its repository where somebody can tell it', () => {
    const place = { cwd: '/r', projectDir: null, git: { top: '/r', branch: 'main', headSha: null } };
    const [, , found] = partsOfSpooledHook(spooled({ place }), (top) => `id of ${top}`);
    expect(found).toEqual({ cwd: '/r', projectDir: null, git: { top: '/r', branch: 'main', headSha: null, repoId: 'id of /r' } });
  });

  test.each([
    '',
    'garbage',
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}x`,
    TRACEPARENT.replace(/^00/, 'ff'),
    TRACEPARENT.replace('b7ad6b7169203331', '0000000000000000'),
    TRACEPARENT.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
  ])('with the traceparent %j has none, and no tracestate', (traceparent) => {
    const [, context] = partsOfSpooledHook(spooled({ context: { taskId: null, traceparent, tracestate: 'v=1' } }));
    expect(context).toMatchObject({ traceparent: null, tracestate: null });
  });

  test('with a traceparent of a later version has what this version knows of it', () => {
    const later = `01${TRACEPARENT.slice(2)}-more`;
    const [, context] = partsOfSpooledHook(spooled({ context: { taskId: null, traceparent: later, tracestate: null } }));
    expect(context.traceparent).toBe(later.slice(0, 55));
  });
});
