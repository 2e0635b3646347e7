import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resolveSettings } from '../../src/model/settings.ts';
import { type DrainVerdict, drainSpool } from '../../src/spool/drain.ts';
import { newRecordName, timeOfRecordName } from '../../src/spool/record-name.ts';
import { spoolFolders } from '../../src/spool/spool-folder.ts';
import { type SpooledSpans, type SpoolRecord, spoolTarget } from '../../src/spool/spool-record.ts';
import { recordNames, spoolBytes, writeSpoolRecord } from '../../src/spool/write-record.ts';

const target = spoolTarget(resolveSettings({ agentId: 'w1' }, {}).settings);
const record = (batch: string): SpooledSpans => ({ v: 1, kind: 'spans', target, ended: 3, batch });
const DAY_MS = 86_400_000;
const LIMITS = { maxAgeMs: 7 * DAY_MS };

describe('the spool', () => {
  let folder: string;
  let spool: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-tracker-spool-'));
    spool = join(folder, 'deep', '.spool');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (batch: string, nowMs = Date.now()) => writeSpoolRecord([spool], record(batch), { maxBytes: 1e6, nowMs });
  const drain = (verdict: (batch: string) => DrainVerdict, limits: Partial<Parameters<typeof drainSpool>[2]> = {}) => {
    const seen: string[] = [];
    const report = drainSpool(
      spool,
      (found: SpoolRecord) => {
        const batch = (found as SpooledSpans).batch;
        seen.push(batch);
        return verdict(batch);
      },
      { ...LIMITS, ...limits },
    );
    return { seen, report };
  };

  test('gives back what was written, oldest first, and deletes what was applied', () => {
    write('second', 2000);
    write('first', 1000);
    write('third', 3000);
    const { seen, report } = drain(() => 'applied', { nowMs: 4000 });
    expect(seen).toEqual(['first', 'second', 'third']);
    expect(report).toMatchObject({ applied: 3, later: 0, more: false });
    expect(readdirSync(spool)).toEqual([]);
  });

  test('is readable by its owner only', () => {
    const outcome = write('secret');
    expect(statSync(spool).mode & 0o777).toBe(0o700);
    expect(outcome.status === 'spooled' && statSync(outcome.path).mode & 0o777).toBe(0o600);
  });

  test('never shows a record that is half written', () => {
    write('whole');
    writeFileSync(join(spool, `.${newRecordName(Date.now())}.tmp`), '{"v":1,"kind":"spa');
    expect(drain(() => 'applied').seen).toEqual(['whole']);
  });

  test('keeps what could not be applied, and stops where it is told to', () => {
    for (const name of ['a', 'b', 'c']) write(name);
    const { seen, report } = drain((batch) => (batch === 'b' ? 'stop' : 'applied'));
    expect(seen).toEqual(['a', 'b']);
    expect(report).toMatchObject({ applied: 1, later: 1, more: true });
    expect(drain(() => 'applied').seen).toEqual(['b', 'c']);
  });

  test.each([
    ['no JSON', 'not a record'],
    ['an unknown kind', JSON.stringify({ v: 1, kind: 'poem', target })],
  ])('sets %s aside, says so, and goes on', (_, text) => {
    const outcome = write('to be ruined', 1000);
    writeFileSync((outcome as { path: string }).path, text);
    write('good', 2000);
    const { seen, report } = drain(() => 'applied', { nowMs: 3000 });
    expect(seen).toEqual(['good']);
    expect(report).toMatchObject({ applied: 1, unreadable: 1 });
    expect(report.messages[0]).toContain('moved to');
    expect(readdirSync(join(spool, 'bad')).length).toBe(1);
  });

  test('sets a record aside that makes its reader throw, so that it does not hold up the rest', () => {
    write('poison', 1000);
    write('good', 2000);
    const throwing = (batch: string): DrainVerdict => {
      if (batch === 'poison') throw new Error('cannot digest this');
      return 'applied';
    };
    const { seen, report } = drain(throwing, { nowMs: 3000 });
    expect(seen).toEqual(['poison', 'good']);
    expect(report).toMatchObject({ applied: 1, unreadable: 1 });
    expect(readFileSync(join(spool, 'bad', readdirSync(join(spool, 'bad'))[0] as string), 'utf8')).toContain('poison');
  });

  test('leaves a record of a newer version to a newer reader', () => {
    const outcome = write('later');
    writeFileSync((outcome as { path: string }).path, JSON.stringify({ v: 2, kind: 'spans' }));
    expect(drain(() => 'applied').report).toMatchObject({ applied: 0, later: 1 });
    expect(recordNames(spool).length).toBe(1);
  });

  test('gives a record up by age only after one more attempt, and counts its spans', () => {
    write('old', 1000);
    expect(drain(() => 'applied', { nowMs: 30 * DAY_MS }).report).toMatchObject({ applied: 1, expired: 0 });
    write('older', 1000);
    const { report } = drain(() => 'later', { nowMs: 30 * DAY_MS });
    expect(report).toMatchObject({ expired: 1, expiredSpans: 3 });
    expect(recordNames(spool)).toEqual([]);
  });

  test('refuses what is beyond its size, says what to do, and takes it again when there is room', () => {
    const limit = { maxBytes: 2000 };
    const first = writeSpoolRecord([spool], record('x'.repeat(1000)), limit);
    expect(first.status).toBe('spooled');
    const refused = writeSpoolRecord([spool], record('y'.repeat(1000)), limit);
    expect(refused).toMatchObject({ status: 'full', message: expect.stringContaining('AI_TRACKER_SPOOL_MAX_MB') as string });
    drain(() => 'applied');
    expect(spoolBytes(spool)).toBe(0);
    expect(writeSpoolRecord([spool], record('y'.repeat(1000)), limit).status).toBe('spooled');
  });

  test('falls back to the next folder when the first cannot be made', () => {
    writeFileSync(join(folder, 'file'), '');
    const outcome = writeSpoolRecord([join(folder, 'file', '.spool'), spool], record('kept'), { maxBytes: 1e6 });
    expect(outcome).toMatchObject({ status: 'spooled', path: expect.stringContaining(spool) as string });
    const nowhere = writeSpoolRecord([join(folder, 'file', '.spool')], record('lost'), { maxBytes: 1e6 });
    expect(nowhere).toMatchObject({ status: 'failed', message: expect.stringContaining('AI_TRACKER_SPOOL_DIR') as string });
  });

  test('may be drained by several at once: a record that another one took is no error', () => {
    for (let i = 0; i < 20; i++) write(`r${i}`, 1000 + i);
    const outer: string[] = [];
    const report = drainSpool(
      spool,
      (found) => {
        outer.push((found as SpooledSpans).batch);
        // A second drainer runs in the middle of the first and takes all the rest.
        drainSpool(spool, () => 'applied', { ...LIMITS, nowMs: 5000 });
        return 'applied';
      },
      { ...LIMITS, nowMs: 5000 },
    );
    expect(outer).toEqual(['r0']);
    expect(report).toMatchObject({ applied: 1, unreadable: 0, messages: [] });
    expect(readdirSync(spool)).toEqual([]);
  });

  test('names records so that they sort by time and never meet', () => {
    const names = Array.from({ length: 1000 }, () => newRecordName(1_700_000_000_000));
    expect(new Set(names).size).toBe(1000);
    expect(timeOfRecordName(names[0] as string)).toBe(1_700_000_000_000);
    expect(newRecordName(999) < newRecordName(1_700_000_000_000)).toBe(true);
    expect(timeOfRecordName('notes.json')).toBe(null);
  });

  test('lies beside the database, with the home behind it, unless it is told where', () => {
    const env = { HOME: '/home/ada' };
    const settings = resolveSettings({}, {}).settings;
    const home = '/home/ada/.config/ai-tracker/spool';
    expect(spoolFolders({ ...settings, dbPath: '/data/rows.db' }, env).candidates).toEqual(['/data/.spool', home]);
    expect(spoolFolders({ ...settings, dbPath: '/data/{agent_id}/rows.db' }, env).candidates).toEqual(['/data/.spool', home]);
    expect(spoolFolders({ ...settings, dbPath: '/data/a-{agent_id}.db' }, env).candidates).toEqual(['/data/.spool', home]);
    expect(spoolFolders({ ...settings, sharedDir: '/shared' }, env).candidates).toEqual(['/shared/.spool', home]);
    expect(spoolFolders({ ...settings, spoolDir: '/spool' }, env).candidates).toEqual(['/spool']);
    if (!existsSync('/workspace/shared')) expect(spoolFolders(settings, env).candidates).toEqual([home]);
  });
});
