import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeBatch, encodeBatch } from '../../src/model/batch-codec.ts';
import type { ApplyOutcome, CommitsOutcome, Recording } from '../../src/model/recording.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanBatch } from '../../src/model/span-record.ts';
import type { BatchMessage, Settlement, ToHost } from '../../src/writer/messages.ts';
import { currentSession } from '../../src/writer/process-session.ts';
import { ThreadSpool } from '../../src/writer/thread-spool.ts';
import { ThreadWork } from '../../src/writer/thread-work.ts';
import { until } from '../support/agent-rows.ts';

const session = currentSession();

function message(id: number, name: string): BatchMessage {
  const scope = { name: 'scope', version: null };
  const span = {
    ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null, parentRemote: null, name, kind: 1 },
    ...{ startMs: 1, endMs: 2, durationMs: 1, status: 0, statusMessage: null, attributes: {}, events: [] },
    ...{ scope, resource: { attributes: {} } },
  };
  const batch: SpanBatch = { origin: { door: 'process', session, agentId: 'w1' }, spans: [span], logs: [] };
  return { kind: 'batch', id, spans: 1, ended: 1, text: encodeBatch(batch) };
}

/** A recorder whose files can be made to refuse; what the real ones do is proved elsewhere. */
class RefusingRecording implements Recording {
  readonly written: string[] = [];
  readonly calls: string[][] = [];
  verdict: (name: string) => 'write' | 'locked' | 'throw' = () => 'write';
  apply(batch: SpanBatch): ApplyOutcome {
    this.calls.push(batch.spans.map((span) => span.name));
    if (batch.spans.some((span) => this.verdict(span.name) === 'throw')) throw new Error('a defect in the recorder');
    const rest = batch.spans.filter((span) => this.verdict(span.name) === 'locked');
    for (const span of batch.spans) if (!rest.includes(span)) this.written.push(span.name);
    return rest.length === 0
      ? { status: 'written' }
      : { status: 'retry', rest: { ...batch, spans: rest }, reason: 'locked', message: 'locked' };
  }
  recordCommits(): CommitsOutcome {
    return { status: 'written' };
  }
  ignore(): void {}
  beat(): void {}
  end(): void {}
  sweep(): void {}
  sweepInSteps(): Iterator<void> {
    return [][Symbol.iterator]();
  }
  tick(): void {}
  report() {
    return { books: {}, files: [], findings: [] };
  }
  close(): void {}
}

describe("the writer thread's loop", () => {
  let folder: string;
  let recording: RefusingRecording;
  let posted: ToHost[];
  let work: ThreadWork;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-work-'));
    recording = new RefusingRecording();
    posted = [];
    const post = (m: ToHost): void => void posted.push(m);
    const { settings } = resolveSettings({ agentId: 'w1', sharedDir: folder }, {});
    const spool = new ThreadSpool({ settings, env: {}, recordings: { of: () => recording }, post });
    work = new ThreadWork({ recording, spool, session, agentId: 'w1', queueMax: 5, post, onClosed: () => {} });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const settled = (): Settlement[] => posted.flatMap((m) => (m.kind === 'settled' ? m.settlements : []));
  const outcomes = (): Record<number, string[]> => {
    const byId: Record<number, string[]> = {};
    for (const { id, outcome } of settled()) (byId[id] ??= []).push(outcome);
    return byId;
  };

  test('writes what waits together in one transaction and acknowledges each batch', async () => {
    for (let id = 1; id <= 3; id++) work.accept(message(id, `s${id}`));
    await until('all is settled', () => settled().length === 3);
    expect(recording.calls).toEqual([['s1', 's2', 's3']]);
    expect(outcomes()).toEqual({ 1: ['written'], 2: ['written'], 3: ['written'] });
  });

  test('acknowledges nothing of a group before all of it is written, and tries only the rest again', async () => {
    let free = false;
    recording.verdict = (name) => (name === 'b' && !free ? 'locked' : 'write');
    work.accept(message(1, 'a'));
    work.accept(message(2, 'b'));
    await until('it is tried again', () => recording.calls.length > 2);
    expect(settled()).toEqual([]);
    expect(posted).toContainEqual(
      expect.objectContaining({ kind: 'trouble', trouble: expect.objectContaining({ reason: 'locked' }) as object }),
    );
    free = true;
    await until('all is settled', () => settled().length === 2);
    expect(recording.calls[1]).toEqual(['b']);
    expect(recording.written).toEqual(['a', 'b']);
    expect(posted).toContainEqual({ kind: 'trouble', trouble: null });
  });

  test('sets aside the one batch that the recorder cannot digest, and writes those that came with it', async () => {
    recording.verdict = (name) => (name === 'poison' ? 'throw' : 'write');
    work.accept(message(1, 'good'));
    work.accept(message(2, 'poison'));
    work.accept(message(3, 'better'));
    await until('all is settled', () => settled().length === 3);
    expect(outcomes()).toEqual({ 1: ['written'], 2: ['dropped'], 3: ['written'] });
    expect(recording.written.sort()).toEqual(['better', 'good']);
    expect(readdirSync(join(folder, '.spool', 'bad')).length).toBe(1);
    expect(posted).toContainEqual(
      expect.objectContaining({ kind: 'finding', finding: expect.objectContaining({ code: 'failed', level: 'red' }) as object }),
    );
  });

  test('sets aside only the span that it cannot digest, counts that one as lost, and writes the others of its batch', async () => {
    recording.verdict = (name) => (name === 'poison' ? 'throw' : 'write');
    const names = ['a', 'b', 'poison', 'c', 'd'];
    const spans = names.flatMap((name) => decodeBatch(message(1, name).text).spans);
    work.accept({ ...message(1, 'a'), spans: 5, ended: 5, text: encodeBatch({ ...decodeBatch(message(1, 'a').text), spans }) });
    await until('it is settled', () => settled().length === 1);
    expect(settled()).toEqual([{ id: 1, outcome: 'dropped', reason: 'failed', ended: 1 }]);
    expect([...new Set(recording.written)].sort()).toEqual(['a', 'b', 'c', 'd']);
    const [name] = readdirSync(join(folder, '.spool', 'bad'));
    const aside = JSON.parse(readFileSync(join(folder, '.spool', 'bad', name as string), 'utf8')) as {
      ended: number;
      batch: string;
    };
    expect(aside.ended).toBe(1);
    expect(decodeBatch(aside.batch).spans.map((span) => span.name)).toEqual(['poison']);
  });

  test('spools what is beyond the queue and says so, then tells when it is written after all', async () => {
    let free = false;
    recording.verdict = () => (free ? 'write' : 'locked');
    for (let id = 1; id <= 8; id++) work.accept(message(id, `s${id}`));
    expect(outcomes()).toEqual({ 6: ['spooled'], 7: ['spooled'], 8: ['spooled'] });
    free = true;
    await until('all is written', () => recording.written.length === 8);
    await until('all is settled', () => settled().length === 11);
    expect(outcomes()).toMatchObject({ 1: ['written'], 8: ['spooled', 'written'] });
    expect(readdirSync(join(folder, '.spool'))).toEqual([]);
  });

  test('closes with the rest in the spool when its time is up', async () => {
    recording.verdict = () => 'locked';
    work.accept(message(1, 's1'));
    work.close(50);
    await until('it is closed', () => posted.some((m) => m.kind === 'closed'));
    expect(outcomes()).toEqual({ 1: ['spooled'] });
    expect(posted.at(-1)).toMatchObject({ kind: 'closed' });
  });
});
