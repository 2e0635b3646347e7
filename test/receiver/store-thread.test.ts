import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decodeBatch, encodeBatch } from '../../src/model/batch-codec.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { StoreThread, type StoreThreadOptions } from '../../src/receiver/store-thread.ts';
import type { HookRequest, OtlpRequest } from '../../src/receiver/storing.ts';
import { readSpoolRecord, spoolTarget } from '../../src/spool/spool-record.ts';
import { recordNames, writeSpoolRecord } from '../../src/spool/write-record.ts';
import { column, countOf, until } from '../support/agent-rows.ts';
import { otlpJson } from '../support/otlp-request.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { spanId, taskSpan, toolSpan } from '../support/span-makers.ts';

async function storeThread(folder: string, options: Partial<StoreThreadOptions> = {}): Promise<StoreThread> {
  const { settings } = resolveSettings({ sharedDir: folder, spoolDir: join(folder, 'spool') }, {});
  const thread = await StoreThread.open({ settings, agentId: null, maxRequests: 100, maxBytes: 1 << 24, ...options });
  onTestFinished(() => thread.close());
  return thread;
}

const json = (text: string): OtlpRequest => ({
  signal: 'traces',
  encoding: 'json',
  body: new TextEncoder().encode(text),
  receivedMs: Date.now(),
});

const NO_CONTEXT = { agentId: null, taskId: null, traceparent: null, tracestate: null };
const hook = (payload: string): HookRequest => ({ source: 'claude', payload, context: NO_CONTEXT, receivedMs: Date.now() });

const ofAgent = (agent: string) => ({ resource: { 'agent.id': agent } });
const request = (...spans: SpanRecord[]): OtlpRequest => json(otlpJson(spans));

/** Another process's transaction, for as long as it takes. */
function lock(file: string): () => void {
  const db = new Database(file);
  db.exec('BEGIN IMMEDIATE');
  return () => {
    db.exec('ROLLBACK');
    db.close();
  };
}

describe('the thread that stores', () => {
  test('has written every agent’s rows when it answers, and says how many spans it took', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const outcome = await thread.store(
      request(
        taskSpan('t1', { span: 1, ...ofAgent('a') }),
        toolSpan({ span: 2, parent: 1, ...ofAgent('a') }),
        taskSpan('t2', { trace: 2, span: 3, ...ofAgent('b') }),
      ),
    );
    expect(outcome).toEqual({ status: 'stored', accepted: 3, rejected: 0, unused: 0, message: null });
    expect(countOf(join(folder, 'a.db'), 'task_executions', "status = 'completed'")).toBe(1);
    expect(countOf(join(folder, 'a.db'), 'tool_calls', "owner_match = 'ancestor'")).toBe(1);
    expect(countOf(join(folder, 'b.db'), 'task_executions')).toBe(1);
  });

  test('refuses what is no OTLP request, and says where', async () => {
    const thread = await storeThread(scratchFolder());
    expect(await thread.store(json('{"resourceSpans": 7}'))).toEqual({
      status: 'malformed',
      message: expect.stringContaining('resourceSpans'),
    });
    expect(await thread.store({ ...json(''), encoding: 'protobuf', body: new Uint8Array([0x0a, 0xff, 0xff]) })).toMatchObject({
      status: 'malformed',
    });
    expect(await thread.store({ ...json(''), body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]) })).toMatchObject({
      status: 'malformed',
    });
  });

  test('counts single malformed spans and takes the rest', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const good = taskSpan('t1', { span: 1, ...ofAgent('a') });
    const outcome = await thread.store(request(good, { ...good, spanId: 'xyz' }));
    expect(outcome).toEqual({ status: 'stored', accepted: 1, rejected: 1, unused: 0, message: 'rejected: 1 malformed span id' });
    await until('the state tells', () => thread.state?.rejected['span_id'] === 1);
  });

  test('is not delayed by the locked file of one agent, whose senders it asks to come again', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    await thread.store(request(taskSpan('t0', { span: 1, ...ofAgent('a') })));
    const unlock = lock(join(folder, 'a.db'));
    const started = performance.now();
    const locked = thread.store(
      request(taskSpan('t1', { span: 2, ...ofAgent('a') }), taskSpan('t2', { trace: 2, span: 3, ...ofAgent('b') })),
    );
    for (let n = 10; n < 20; n++) {
      const outcome = await thread.store(request(taskSpan(`t${n}`, { trace: n, span: n, ...ofAgent('c') })));
      expect(outcome.status).toBe('stored');
    }
    const meanwhile = performance.now() - started;
    expect(await locked).toMatchObject({ status: 'retry', reason: 'locked', afterSeconds: 1 });
    expect(performance.now() - started).toBeGreaterThan(meanwhile * 2);
    // What could be written is; the sender repeats the whole, which changes nothing.
    expect(countOf(join(folder, 'b.db'), 'task_executions')).toBe(1);
    await until('the lock is told', () => thread.state?.findings.some(({ code }) => code === 'locked') === true);
    unlock();
    const again = await thread.store(
      request(taskSpan('t1', { span: 2, ...ofAgent('a') }), taskSpan('t2', { trace: 2, span: 3, ...ofAgent('b') })),
    );
    expect(again).toMatchObject({ status: 'stored', accepted: 2 });
    expect(countOf(join(folder, 'a.db'), 'task_executions')).toBe(2);
    expect(countOf(join(folder, 'b.db'), 'task_executions')).toBe(1);
  });

  test('waits for a lock that is over in a moment', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    await thread.store(request(taskSpan('t0', { span: 1, ...ofAgent('a') })));
    const unlock = lock(join(folder, 'a.db'));
    const outcome = thread.store(request(taskSpan('t1', { span: 2, ...ofAgent('a') })));
    await thread.store(request(taskSpan('t2', { trace: 2, span: 3, ...ofAgent('b') })));
    unlock();
    expect(await outcome).toMatchObject({ status: 'stored', accepted: 1 });
  });

  test('asks to come again when more waits than may', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder, { maxRequests: 2 });
    await thread.store(request(taskSpan('t0', { span: 1, ...ofAgent('a') })));
    const unlock = lock(join(folder, 'a.db'));
    const waiting = [2, 3].map((n) => thread.store(request(taskSpan(`t${n}`, { span: n, ...ofAgent('a') }))));
    expect(thread.waiting.requests).toBe(2);
    expect(await thread.store(request(taskSpan('t4', { span: 4, ...ofAgent('a') })))).toMatchObject({
      status: 'retry',
      reason: 'full',
    });
    unlock();
    for (const outcome of await Promise.all(waiting)) expect(outcome.status).toBe('stored');
    expect(thread.waiting).toEqual({ requests: 0, bytes: 0 });
  });

  test('answers what was handed over before it ends, and refuses what comes later', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const outcomes = [1, 2, 3].map((n) => thread.store(request(taskSpan(`t${n}`, { span: n, ...ofAgent('a') }))));
    const closed = thread.close();
    expect(await thread.store(request(taskSpan('t4', { span: 4, ...ofAgent('a') })))).toMatchObject({
      status: 'retry',
      reason: 'stopping',
    });
    await closed;
    for (const outcome of await Promise.all(outcomes)) expect(outcome.status).toBe('stored');
    expect(countOf(join(folder, 'a.db'), 'task_executions')).toBe(3);
    expect(thread.report?.books['hatchet']).toMatchObject({ seen: 3, recorded: 3 });
  });

  test('writes a request of many groups whole, and others in between', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const many = Array.from({ length: 5000 }, (_, n) => toolSpan({ span: n + 10, ...ofAgent('a') }));
    const answered: string[] = [];
    const large = thread.store(request(...many)).then((outcome) => void answered.push(`large ${outcome.status}`));
    const small = thread
      .store(request(taskSpan('t1', { trace: 2, span: 1, ...ofAgent('b') })))
      .then((outcome) => void answered.push(`small ${outcome.status}`));
    await Promise.all([large, small]);
    expect(answered).toEqual(['small stored', 'large stored']);
    expect(countOf(join(folder, 'a.db'), 'tool_calls')).toBe(5000);
    expect(countOf(join(folder, 'a.db'), 'tool_calls', `span_id = '${spanId(5009)}'`)).toBe(1);
  });

  test('writes what other processes left in the spool', async () => {
    const folder = scratchFolder();
    const spool = join(folder, 'spool');
    const target = spoolTarget(resolveSettings({ sharedDir: folder, agentId: 'w1' }, {}).settings);
    for (let n = 1; n <= 3; n++) {
      const origin = { door: 'otlp', agentId: 'w1', receivedMs: Date.now() } as const;
      const batch = encodeBatch({ origin, spans: [taskSpan(`t${n}`, { span: n })], logs: [] });
      expect(writeSpoolRecord([spool], { v: 1, kind: 'spans', target, ended: 1, batch }, { maxBytes: 1e6 }).status).toBe(
        'spooled',
      );
    }
    const thread = await storeThread(folder);
    await until('the spool is drained', () => recordNames(spool).length === 0);
    expect(countOf(join(folder, 'w1.db'), 'task_executions')).toBe(3);
    await until('it is told', () => thread.report?.books['hatchet']?.recorded === 3);
  });

  test('makes rows of hook events: of each in the file of the agent that its sender names', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const wrote = { hook_event_name: 'PostToolUse', session_id: 's1', tool_name: 'Write', tool_use_id: 'toolu_1', cwd: '/w' };
    const content = {
      tool_input: { file_path: '/w/a.txt', content: 'a\n' },
      tool_response: { type: 'create', filePath: '/w/a.txt', content: 'a\n', structuredPatch: [], originalFile: null },
    };
    for (const agentId of ['w1', 'w2']) {
      const event = hook(JSON.stringify({ ...wrote, ...content }));
      expect(await thread.spoolHook({ ...event, context: { ...event.context, agentId } })).toMatchObject({ status: 'spooled' });
    }
    await until('the spool is drained', () => recordNames(join(folder, 'spool')).length === 0);
    for (const agent of ['w1', 'w2']) {
      expect(
        column(join(folder, `${agent}.db`), "SELECT agent_id || ' ' || file_path || ' +' || lines_added FROM file_modifications"),
      ).toEqual([`${agent} /w/a.txt +1`]);
    }
    await until('it is told', () => thread.report?.books['claude-code']?.recorded === 2);
  });

  test('leaves events that it cannot read to whom they are for', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const read = hook('{"hook_event_name":"Stop","session_id":"s1"}');
    expect(await thread.spoolHook({ ...read, source: 'another' as 'git', payload: '{"hook":"post-commit"}' })).toMatchObject({
      status: 'spooled',
    });
    expect(await thread.spoolHook(read)).toMatchObject({ status: 'spooled' });
    await until('the other is drained', () => recordNames(join(folder, 'spool')).length === 1);
    expect(readFileSync(join(folder, 'spool', recordNames(join(folder, 'spool'))[0] as string), 'utf8')).toContain('post-commit');
  });

  test('keeps a hook event on disk with what its sender says of itself, before it answers', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder);
    const context = { agentId: 'w7', taskId: 't1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: null };
    // An event that stays in the spool: others are rows in a moment.
    const outcome = await thread.spoolHook({ ...hook('{"hook":"post-commit"}'), source: 'another' as 'git', context });
    if (outcome.status !== 'spooled') throw new Error(outcome.message);
    const reading = readSpoolRecord(readFileSync(outcome.path, 'utf8'));
    const { agentId: _, ...kept } = context;
    expect(reading).toMatchObject({
      what: 'record',
      record: { kind: 'hook', source: 'another', payload: '{"hook":"post-commit"}', target: { agentId: 'w7' }, context: kept },
    });
  });

  test('says that the spool is full, and takes spans all the same', async () => {
    const folder = scratchFolder();
    const { settings } = resolveSettings({ sharedDir: folder, spoolDir: join(folder, 'spool'), spoolMaxMb: 0.001 }, {});
    const thread = await storeThread(folder, { settings });
    expect(await thread.spoolHook(hook(`{"text":"${'x'.repeat(2000)}"}`))).toMatchObject({ status: 'full' });
    expect(await thread.store(request(taskSpan('t1', { span: 1, ...ofAgent('a') })))).toMatchObject({ status: 'stored' });
  });
});

describe('where the recorder has a mistake', () => {
  const entry = new URL('./children/failing-worker.ts', import.meta.url);

  test('only the span that shows it is refused, for good, and kept for a person to look at', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder, { entry });
    const good = Array.from({ length: 20 }, (_, n) => toolSpan({ span: n + 1, ...ofAgent(n % 2 ? 'a' : 'b') }));
    const poison = { ...toolSpan({ span: 99, ...ofAgent('a') }), name: 'poison' };
    const [mixed, clean] = await Promise.all([
      thread.store(request(...good.slice(0, 10), poison, ...good.slice(10))),
      thread.store(request(taskSpan('t1', { trace: 2, span: 1, ...ofAgent('c') }))),
    ]);
    expect(mixed).toMatchObject({ status: 'stored', accepted: 20, rejected: 1, message: expect.stringContaining('set aside') });
    expect(clean).toEqual({ status: 'stored', accepted: 1, rejected: 0, unused: 0, message: null });
    for (const agent of ['a', 'b']) {
      expect(countOf(join(folder, `${agent}.db`), 'tool_calls', `span_id <> '${poison.spanId}'`)).toBe(10);
    }
    await until('it is told', () => thread.state?.refusedSpans === 1);
    expect(thread.state?.findings).toEqual([
      expect.objectContaining({ level: 'red', code: 'failed', message: expect.stringContaining('the price of poison') }),
    ]);
    const [kept] = recordNames(join(folder, 'spool', 'bad'));
    const reading = readSpoolRecord(readFileSync(join(folder, 'spool', 'bad', kept ?? ''), 'utf8'));
    if (reading.what !== 'record' || reading.record.kind !== 'spans') throw new Error('not the span');
    expect(decodeBatch(reading.record.batch).spans).toMatchObject([{ spanId: poison.spanId }]);
  });

  test('and every span shows it, the tries are bounded', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder, { entry });
    const all = Array.from({ length: 2000 }, (_, n) => ({ ...toolSpan({ span: n + 1, ...ofAgent('a') }), name: 'poison' }));
    const outcome = await thread.store(request(...all));
    expect(outcome).toMatchObject({ status: 'stored', accepted: 0, rejected: 2000 });
  });

  test('that ends its thread, what was in it is asked for again, and the next thread takes it', async () => {
    const folder = scratchFolder();
    const thread = await storeThread(folder, { entry });
    await thread.store(request(taskSpan('t1', { span: 1, ...ofAgent('a') })));
    await until('the first state', () => thread.report?.books['hatchet']?.recorded === 1);
    const deadly = { ...taskSpan('t2', { span: 2, ...ofAgent('a') }), name: 'deadly' };
    expect(await thread.store(request(deadly))).toMatchObject({
      status: 'retry',
      reason: 'failed',
      message: expect.stringContaining('is to die'),
    });
    expect(await thread.store(request(taskSpan('t3', { span: 3, ...ofAgent('a') })))).toMatchObject({
      status: 'retry',
      reason: 'failed',
    });
    await until('the thread is back', () => thread.isAlive);
    expect(await thread.store(request(taskSpan('t3', { span: 3, ...ofAgent('a') })))).toMatchObject({ status: 'stored' });
    await until('the books hold both threads', () => thread.report?.books['hatchet']?.recorded === 2);
    expect(thread.state?.findings).toEqual([expect.objectContaining({ level: 'red', code: 'thread-died' })]);
    expect(thread.waiting).toEqual({ requests: 0, bytes: 0 });
  });

  test('so that it stands still, closing does not wait for it for ever, and says so', async () => {
    const thread = await storeThread(scratchFolder(), {
      entry: new URL('./children/hanging-worker.ts', import.meta.url),
      closeMs: 100,
    });
    const left = thread.store(request(taskSpan('t1', { span: 1, ...ofAgent('a') })));
    await thread.close();
    expect(await left).toMatchObject({ status: 'retry', reason: 'stopping' });
    expect(thread.state?.findings).toEqual([
      expect.objectContaining({ code: 'not-writing', message: expect.stringContaining('did not end') }),
    ]);
  });

  test('so that it never starts, opening it says why', async () => {
    await expect(
      storeThread(scratchFolder(), { entry: new URL('./children/no-such-worker.ts', import.meta.url) }),
    ).rejects.toThrow('no-such-worker');
  });
});
