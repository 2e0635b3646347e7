import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { fromHook, hookSpans, REJECTED, written } from '../support/claude-hook.ts';
import { expectBalance, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { spanId, T0, traceId } from '../support/span-makers.ts';

const call = written('toolu_1');

interface Scene {
  readonly session: string;
  /** For spans and records, which have ids of their own. */
  readonly n: number;
}

type Telling = (scene: Scene) => SpanRecord[];

const at = (session: string, ms: number) => ({ session, timeMs: T0 + ms });
const started: Telling = ({ session }) => call.started(at(session, 100));
const succeeded: Telling = ({ session }) => call.succeeded(at(session, 200));
const failed: Telling = ({ session }) => call.failed(at(session, 200), 'Exit code 3\nwhat it printed');
const interrupted: Telling = ({ session }) => call.interrupted(at(session, 200));
const denied: Telling = ({ session }) => call.denied(at(session, 150));
const listed: Telling = ({ session }) => call.listed(at(session, 300));
const rejected: Telling = ({ session }) => call.listed(at(session, 300), REJECTED);
const ended =
  (ms: number): Telling =>
  ({ session }) =>
    hookSpans({ ...at(session, ms), event: 'SessionEnd' });

const telemetry = (
  n: number,
  kind: number,
  name: string,
  session: string,
  more: SpanRecord['attributes'],
  parent?: number,
): SpanRecord => ({
  ...{ traceId: traceId(n), spanId: spanId(n * 10 + (parent === undefined ? 1 : 2)), parentRemote: null },
  parentSpanId: parent === undefined ? null : spanId(n * 10 + parent),
  ...{ name, kind, startMs: T0 + 110, endMs: T0 + 190, durationMs: 80, status: 0, statusMessage: null, events: [] },
  attributes: { 'session.id': session, tool_use_id: 'toolu_1', ...more },
  scope: { name: 'com.anthropic.claude_code', version: null },
  resource: { attributes: { 'service.name': 'claude-code' } },
});
const toolSpan: Telling = ({ session, n }) => [telemetry(n, 1, 'claude_code.tool', session, { tool_name: 'Write' })];
const execution =
  (success: boolean): Telling =>
  ({ session, n }) => [
    telemetry(n, 1, 'claude_code.tool.execution', session, { success, ...(success ? {} : { error: 'EACCES' }) }, 1),
  ];
const decision =
  (source: string): Telling =>
  ({ session, n }) => [telemetry(n, 100, 'tool_decision', session, { tool_name: 'Write', decision: 'reject', source }, 1)];
const workerSpan: Telling = ({ session, n }) => [
  {
    ...telemetry(n, 1, 'worker.tool', session, {
      'agentswarm.provider.session_id': session,
      'agentswarm.tool.call_id': 'toolu_1',
      'agentswarm.tool.name': 'Write',
    }),
    scope: { name: 'agent-swarm', version: null },
  },
];

function orders<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((one, i) => orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [one, ...rest]));
}

const OK = { success: 1, error_type: null, error_message: null };
const unknown = (error_type: string | null, error_message: string | null = null) => ({
  success: null,
  error_type,
  error_message,
});

/** What is told of a call, and what is known of it then: nothing of a call that never ran. */
const CASES: readonly [what: string, tellings: readonly Telling[], row: object | null][] = [
  ['worked', [started, succeeded, listed], OK],
  ['worked, as its spans say too', [started, succeeded, listed, toolSpan, execution(true)], OK],
  ['runs', [started], unknown(null)],
  ['was rejected by validation, and never ran', [rejected], null],
  ['is one of those whose hooks are not installed', [listed], null],
  ['failed', [started, failed, listed], { success: 0, error_type: null, error_message: 'Exit code 3' }],
  [
    'failed, which its execution knows better',
    [failed, toolSpan, execution(false)],
    { success: 0, error_type: 'EACCES', error_message: 'Exit code 3' },
  ],
  ['was blocked by another hook or a rule', [started, listed], unknown('denied')],
  ['was blocked, as its record says too', [started, listed, toolSpan, decision('hook')], unknown('denied')],
  ['was denied by the classifier', [started, denied, listed], unknown('denied', 'a rule')],
  ['was denied, tried again and worked', [started, denied, succeeded, listed], OK],
  [
    'was cut off by the user, whatever its spans say',
    [started, interrupted, toolSpan, execution(false)],
    unknown('interrupted', 'stop'),
  ],
  ['was cut off by the user, who rejected it', [started, toolSpan, decision('user_abort')], unknown('interrupted')],
  ['was cut off with the session', [started, ended(400)], unknown('interrupted')],
  [
    'failed before the session ended',
    [started, failed, ended(400)],
    { success: 0, error_type: null, error_message: 'Exit code 3' },
  ],
  ['worked before the session ended', [started, succeeded, ended(400)], OK],
  ['was blocked before the session ended', [started, listed, ended(400)], unknown('denied')],
  ['runs in a session that had ended once and was resumed', [started, ended(50)], unknown(null)],
  ['was rejected although a worker saw the model call it', [rejected, workerSpan], unknown('validation_reject')],
  ['worked, and a worker saw it', [started, succeeded, listed, workerSpan], OK],
];

describe('a call of which hooks tell', () => {
  test.each(CASES)('that %s, in every order', (_what, tellings, row) => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder, {}, () => T0);
    const all = orders(tellings);
    all.forEach((order, n) => {
      for (const telling of order) {
        const spans = telling({ session: `s${n}`, n: n + 1 });
        expect(recorder.apply({ origin: fromHook('a', T0), spans, logs: [] })).toEqual({ status: 'written' });
      }
    });
    expectBalance(recorder);
    recorder.close();
    const rows = rowsIn(join(folder, 'a.db'), 'select success, error_type, error_message from tool_calls');
    expect(rows).toEqual(row === null ? [] : all.map(() => row));
    const edits = tellings.includes(succeeded) ? all.length : 0;
    expect(rowsIn(join(folder, 'a.db'), 'select 1 from file_modifications')).toHaveLength(edits);
  });

  test('and nothing else does but lists is in the books, with its reason, until something does', () => {
    const recorder = recorderIn(scratchFolder(), {}, () => T0);
    const tell = (...tellings: Telling[]): unknown => {
      for (const telling of tellings)
        recorder.apply({ origin: fromHook('a', T0), spans: telling({ session: 's', n: 1 }), logs: [] });
      expectBalance(recorder);
      return recorder.report().books['claude-code'];
    };
    expect(tell(rejected)).toMatchObject({ seen: 1, recorded: 0, ignored: { validation_reject: 1 } });
    expect(tell(listed)).toMatchObject({ seen: 2, recorded: 0, ignored: { validation_reject: 1, only_listed: 1 } });
    expect(tell(started)).toMatchObject({ seen: 3, recorded: 1, merged: 2, ignored: {} });
    expect(tell(listed, started)).toMatchObject({ seen: 5, recorded: 1, merged: 2, repeated: 2 });
  });
});
