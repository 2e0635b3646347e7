import { readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Recorder } from '../../src/ingest/recorder.ts';
import { column } from '../support/agent-rows.ts';
import { expectBalance, record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, spanId, T0, taskSpan, toolSpan } from '../support/span-makers.ts';

const task = (n: number) => taskSpan(`run-${n}`, { span: n, trace: n });
const tasks = (file: string): unknown[] => column(file, 'SELECT task_id FROM task_executions ORDER BY started_at');
const reds = (recorder: Recorder): string[] =>
  recorder
    .report()
    .findings.filter((finding) => finding.level === 'red')
    .map(({ code }) => code);
const apply = (recorder: Recorder, n: number) => recorder.apply({ origin: fromSender(T0, 'w'), spans: [task(n)], logs: [] });

function opened() {
  const folder = scratchFolder();
  const file = join(folder, 'w.db');
  const recorder = recorderIn(folder);
  record(recorder, fromSender(T0, 'w'), [task(1)]);
  return { folder, file, recorder };
}

describe('a file that is cut while it is open', () => {
  test.each([0, 1, 4096, 20_000])('to %i bytes: nothing more is called written into it, and health is red', (bytes) => {
    const { file, recorder } = opened();
    expect(statSync(file).size).toBeGreaterThan(20_480);
    truncateSync(file, bytes);
    const outcome = apply(recorder, 2);
    expect(outcome).toMatchObject({ status: 'retry', message: expect.stringContaining('it was cut while it was open') });
    expect(reds(recorder)).toContain('rows-lost');
    // Whoever is told to moves it aside; a new one takes what comes, and what was lost stays said.
    rmSync(file, { force: true });
    for (const part of ['-wal', '-shm']) rmSync(file + part, { force: true });
    expect(apply(recorder, 2)).toEqual({ status: 'written' });
    expect(tasks(file)).toEqual(['run-2']);
    expect(reds(recorder)).toEqual(['rows-lost']);
    expectBalance(recorder);
  });

  test('between two batches is found by the sweep', () => {
    const { file, recorder } = opened();
    truncateSync(file, 0);
    recorder.sweep();
    expect(reds(recorder)).toEqual(['rows-lost']);
  });

  test('is not one that retention made smaller', () => {
    const { file, recorder } = opened();
    const other = new Database(file);
    onTestFinished(() => void other.close());
    other.exec('CREATE TABLE big (x); INSERT INTO big SELECT zeroblob(100000) FROM task_executions;');
    other.pragma('wal_checkpoint(TRUNCATE)');
    expect(apply(recorder, 2)).toEqual({ status: 'written' });
    const before = statSync(file).size;
    other.exec('DROP TABLE big');
    other.pragma('incremental_vacuum');
    other.pragma('wal_checkpoint(TRUNCATE)');
    expect(statSync(file).size).toBeLessThan(before);
    expect(apply(recorder, 3)).toEqual({ status: 'written' });
    expect(reds(recorder)).toEqual([]);
    expect(tasks(file)).toEqual(['run-1', 'run-2', 'run-3']);
  });
});

describe('a write-ahead log that goes away while its file is open', () => {
  test('removed: its rows come into the file, and what follows too', () => {
    const { file, recorder } = opened();
    expect(apply(recorder, 2)).toEqual({ status: 'written' });
    rmSync(`${file}-wal`);
    expect(apply(recorder, 3)).toEqual({ status: 'written' });
    // As a reader sees it that never saw the old log.
    expect(tasks(file)).toEqual(['run-1', 'run-2', 'run-3']);
    expect(reds(recorder)).toEqual([]);
    recorder.close();
    expect(column(file, 'PRAGMA integrity_check')).toEqual(['ok']);
  });

  test('replaced by another: health is red, and what is called written is in the file', () => {
    const { folder, file, recorder } = opened();
    expect(apply(recorder, 2)).toEqual({ status: 'written' });
    writeFileSync(join(folder, 'other'), '');
    renameSync(join(folder, 'other'), `${file}-wal`);
    expect(apply(recorder, 3)).toEqual({ status: 'written' });
    expect(tasks(file)).toContain('run-3');
    expect(reds(recorder)).toEqual(['rows-lost']);
  });

  test('is not one that a checkpoint of another process emptied', () => {
    const { file, recorder } = opened();
    const other = new Database(file);
    onTestFinished(() => void other.close());
    other.pragma('wal_checkpoint(TRUNCATE)');
    expect(apply(recorder, 2)).toEqual({ status: 'written' });
    expect(reds(recorder)).toEqual([]);
    expect(tasks(file)).toEqual(['run-1', 'run-2']);
  });
});

test('a holding file that is cut holds nothing that is then called written', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  const waits = (n: number) => toolSpan({ span: n, trace: n, resource: { 'service.name': 'claude-code' } });
  record(recorder, fromSender(T0), [waits(1)]);
  const file = join(folder, readdirSync(folder).find((name) => /^\.holding.*\.db$/.test(name)) ?? 'none');
  truncateSync(file, 0);
  const outcome = recorder.apply({ origin: fromSender(T0), spans: [waits(2)], logs: [] });
  if (outcome.status === 'written') expect(column(file, 'SELECT span_id FROM held_spans')).toContain(spanId(2));
  else expect(reds(recorder)).toContain('holding');
  expectBalance(recorder);
});
