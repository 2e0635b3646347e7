import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DrainVerdict, drainSpool } from '../../src/spool/drain.ts';
import { isMarkedFull, markFull } from '../../src/spool/full-marker.ts';
import { HOOK_VARIABLES, hookEnvironment } from '../../src/spool/hook-environment.ts';
import { encodeHookFile, MAX_HOOK_BYTES, readHookFile } from '../../src/spool/hook-file.ts';
import { timeOfRecord } from '../../src/spool/read-record.ts';
import { newRecordName } from '../../src/spool/record-name.ts';
import { countRefusal, refusals } from '../../src/spool/refusals.ts';
import type { SpooledHook, SpoolRecord } from '../../src/spool/spool-record.ts';
import { recordNames, spoolBytes, writeSpoolBytes } from '../../src/spool/write-record.ts';
import { runNode } from '../support/run-node.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const PAYLOAD = Buffer.from('{"hook_event_name":"Stop","text":"é\\u0000"}');
const SHA = 'a'.repeat(40);
const DAY_MS = 86_400_000;
const LIMITS = { maxAgeMs: 7 * DAY_MS };

function hookOf(pairs: Record<string, string>, payload: Buffer = PAYLOAD): SpooledHook {
  const reading = readHookFile(encodeHookFile(pairs, payload), 1234.5);
  if (reading.what !== 'record' || reading.record.kind !== 'hook') throw new Error(JSON.stringify(reading));
  return reading.record;
}

/** Spools as the shell script does: a random name, no time in it. */
function put(folder: string, name: string, bytes: Buffer | string = encodeHookFile({}, PAYLOAD), time = new Date()): void {
  writeFileSync(join(folder, name), bytes);
  utimesSync(join(folder, name), time, time);
}

function drain(folder: string, verdict: DrainVerdict = 'applied', limits: Partial<Parameters<typeof drainSpool>[2]> = {}) {
  const seen: SpoolRecord[] = [];
  const report = drainSpool(
    folder,
    (record) => {
      seen.push(record);
      return verdict;
    },
    { ...LIMITS, ...limits },
  );
  return { seen, report };
}

describe('a hook event that a script spooled', () => {
  test('carries its place, its task and trace, and where its rows belong', () => {
    const record = hookOf({
      ...{ TRACEPARENT: '00-1-2-01', TRACESTATE: 'v=1', AGENT_ID: 'w-1', AGENT_SWARM_TASK_ID: 't-2', AI_TRACKER_LABELS: 'a=b' },
      ...{ AI_TRACKER_DB_PATH: '/data/{agent_id}.db', CLAUDE_PROJECT_DIR: '/repo', PWD: '/repo/sub', HOME: '/home/ada' },
      ...{ git_top: '/repo', git_branch: 'feat/x', git_head: SHA, snapshot: 's-1', snapshot_error: 'timeout' },
    });
    expect(record).toMatchObject({
      ...{ kind: 'hook', source: 'claude', receivedMs: 1234.5, payload: PAYLOAD.toString(), home: '/home/ada' },
      target: { agentId: 'w-1', dbPath: '/data/{agent_id}.db', sharedDir: null, labels: [['a', 'b']] },
      context: { taskId: 'agent-swarm:t-2', traceparent: '00-1-2-01', tracestate: 'v=1' },
      place: { cwd: '/repo/sub', projectDir: '/repo', git: { top: '/repo', branch: 'feat/x', headSha: SHA } },
      ...{ snapshot: 's-1', snapshotError: 'timeout' },
    });
  });

  test('without anything around it is an event all the same', () => {
    expect(hookOf({})).toMatchObject({
      target: { agentId: null, dbPath: null },
      context: { taskId: null, traceparent: null, tracestate: null },
      place: { cwd: null, projectDir: null, git: null },
    });
    expect(hookOf({})).not.toHaveProperty('home');
  });

  test('has paths of its own folder, not of the folder of whoever drains it', () => {
    const { target } = hookOf({ AI_TRACKER_DB_PATH: 'rows/x.db', AI_TRACKER_SHARED_DIR: '../shared', PWD: '/repo/sub' });
    expect([target.dbPath, target.sharedDir]).toEqual(['/repo/sub/rows/x.db', '/repo/shared']);
  });

  test('says when it was, above the time of its file', () => {
    expect(hookOf({ time_ms: '1700000000123' }).receivedMs).toBe(1_700_000_000_123);
    expect(hookOf({ time_ms: 'soon' }).receivedMs).toBe(1234.5);
  });

  test('has a head that is a commit, or none', () => {
    expect(hookOf({ git_top: '/r', git_head: 'ref: refs/heads/x' }).place?.git).toEqual({
      top: '/r',
      branch: null,
      headSha: null,
    });
  });

  test('gives back any values and any payload', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(value, value, fc.string({ unit: 'grapheme' }), (agent, branch, payload) => {
        const record = hookOf({ AGENT_ID: agent, git_top: '/r', git_branch: branch }, Buffer.from(payload));
        expect([record.target.agentId, record.place?.git?.branch, record.payload]).toEqual([agent, branch, payload]);
      }),
    );
  });

  test('cut off anywhere in its header is unreadable, and never anything else than that or cut', () => {
    const whole = encodeHookFile({ AGENT_ID: 'w-1', PWD: '/repo' }, PAYLOAD);
    for (let end = 0; end < whole.length - PAYLOAD.length; end++) {
      expect(readHookFile(whole.subarray(0, end), 1), String(end)).toMatchObject({ what: 'unreadable' });
    }
    expect(readHookFile(whole.subarray(0, whole.length - 5), 1)).toMatchObject({ record: { target: { agentId: 'w-1' } } });
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another version that is none', 'ai-tracker-hook x\0\0{}'],
    ['a header without an end', `ai-tracker-hook 1\0${'A=b\0'.repeat(300)}\0{}`],
    ['a header of megabytes', `ai-tracker-hook 1\0A=${'b'.repeat(2_000_000)}\0\0{}`],
  ])('that is %s is unreadable', (_, bytes) => {
    expect(readHookFile(Buffer.from(bytes), 1).what).toBe('unreadable');
  });

  test('of a newer version is left to a newer reader', () => {
    expect(readHookFile(Buffer.from('ai-tracker-hook 2\0?\0'), 1)).toEqual({ what: 'newer', version: 2 });
  });
});

describe('what a hook takes from its environment', () => {
  test('is the list and nothing else: keys and tokens stay where they are', () => {
    const env = { AGENT_ID: 'w', AI_TRACKER_TOKEN: 'tok', ANTHROPIC_API_KEY: 'key', AI_TRACKER_SPOOL_DIR: '/s', PATH: '/bin' };
    const taken = Object.fromEntries(Object.entries(hookEnvironment(env)).filter(([, value]) => value !== undefined));
    expect(taken).toEqual({ AGENT_ID: 'w' });
    expect(HOOK_VARIABLES.filter((name) => /TOKEN|KEY$|SECRET|PASSWORD/.test(name))).toEqual([]);
  });

  test('holds all that decides where rows go', () => {
    expect(HOOK_VARIABLES).toEqual(
      expect.arrayContaining(['AGENT_ID', 'AGENT_SWARM_AGENT_ID', 'AI_TRACKER_DB_PATH', 'AI_TRACKER_SHARED_DIR', 'HOME', 'PWD']),
    );
  });
});

describe('a spool with events of scripts', () => {
  test('gives them to a drain beside the records of Node, and deletes what was applied', () => {
    const folder = scratchFolder();
    put(folder, '0b1e.hook', encodeHookFile({ AGENT_ID: 'shell' }, PAYLOAD));
    writeSpoolBytes([folder], 'hook file', encodeHookFile({ AGENT_ID: 'node' }, PAYLOAD), { maxBytes: 1e6 });
    const { seen, report } = drain(folder);
    expect(new Set(seen.map(({ target }) => target.agentId))).toEqual(new Set(['node', 'shell']));
    expect(report).toMatchObject({ applied: 2, unreadable: 0 });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('counts their bytes, and refuses what is beyond its size', () => {
    const folder = scratchFolder();
    put(folder, 'a.hook', Buffer.alloc(900));
    expect(spoolBytes(folder)).toBe(900);
    const outcome = writeSpoolBytes([folder], 'hook file', Buffer.alloc(200), { maxBytes: 1000 });
    expect(outcome.status).toBe('full');
  });

  test('sets aside what is cut off in its header, and what a reader finds to mean nothing; both are kept', () => {
    const folder = scratchFolder();
    const whole = encodeHookFile({ AGENT_ID: 'w' }, PAYLOAD);
    put(folder, 'torn.hook', whole.subarray(0, 20));
    expect(drain(folder).report).toMatchObject({ unreadable: 1, applied: 0 });
    put(folder, 'half.hook', whole);
    const { report } = drain(folder, { unreadable: 'its event is no JSON' });
    expect(report).toMatchObject({ unreadable: 1, messages: [expect.stringContaining('no JSON') as string] });
    expect(readdirSync(join(folder, 'bad')).sort()).toEqual(['half.hook', 'torn.hook']);
    expect(readFileSync(join(folder, 'bad', 'half.hook'))).toEqual(whole);
  });

  test('does not read into memory what is larger than any event', () => {
    const folder = scratchFolder();
    put(folder, 'huge.hook', encodeHookFile({}, PAYLOAD));
    // A file with a hole: its size without its bytes.
    truncateSync(join(folder, 'huge.hook'), MAX_HOOK_BYTES * 2);
    const { seen, report } = drain(folder);
    expect(seen).toEqual([]);
    expect(report.messages[0]).toContain('more than any hook sends');
  });

  test('tells the age of an event by its file where the name does not', () => {
    const folder = scratchFolder();
    put(folder, 'a.hook', undefined, new Date(5000));
    expect(timeOfRecord(folder, 'a.hook')).toBe(5000);
    expect(timeOfRecord(folder, 'gone.hook')).toBe(null);
    expect(drain(folder, 'later', { nowMs: 6 * DAY_MS }).report).toMatchObject({ later: 1, expired: 0 });
    expect(drain(folder, 'later', { nowMs: 8 * DAY_MS }).report).toMatchObject({ expired: 1, expiredHooks: 1 });
    // For whoever asks later: the drain at the end of a turn prints nothing.
    expect(refusals(folder, 'expired')).toBe(1);
    expect(recordNames(folder)).toEqual([]);
  });

  test('loses the temporary files of killed hooks after an hour, and no others', () => {
    const folder = scratchFolder();
    const now = Date.now();
    put(folder, '.old.hook.tmp', 'half', new Date(now - 2 * 3_600_000));
    put(folder, '.new.hook.tmp', 'half', new Date(now - 60_000));
    put(folder, `.${newRecordName(1000)}.tmp`, 'half', new Date(1000));
    // The folder may be one that others use too.
    for (const name of ['.keep', '.theirs.tmp', '.theirs.json.tmp']) put(folder, name, 'x', new Date(0));
    mkdirSync(join(folder, 'bad'));
    drain(folder);
    expect(readdirSync(folder).sort()).toEqual(['.keep', '.new.hook.tmp', '.theirs.json.tmp', '.theirs.tmp', 'bad']);
  });

  test('is marked full by a drain that leaves too much, and no longer by one that empties it', () => {
    const folder = scratchFolder();
    put(folder, 'a.hook', encodeHookFile({}, Buffer.alloc(1000)));
    drain(folder, 'later', { maxBytes: 1000 });
    expect(isMarkedFull(folder)).toBe(true);
    drain(folder, 'applied', { maxBytes: 1000 });
    expect(isMarkedFull(folder)).toBe(false);
    markFull(join(folder, 'not', 'there'), true);
  });

  test.skipIf(process.getuid?.() !== 0)('leaves events of other users, who alone may read them, without a word', async () => {
    const folder = scratchFolder();
    chmodSync(folder, 0o777);
    put(folder, 'a-theirs.hook');
    chmodSync(join(folder, 'a-theirs.hook'), 0o600);
    put(folder, 'b-readable.hook');
    const { code, stdout } = await runNode(new URL('children/drain-as-nobody.ts', import.meta.url), [folder]).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ applied: 1, notOurs: 1, unreadable: 0, later: 0, more: false, messages: [] });
    expect(drain(folder).report).toMatchObject({ applied: 1, notOurs: 0 });
  });

  test('counts what was not taken a byte each, in the first folder that can be written', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), '');
    const folders = [join(folder, 'file', '.spool'), join(folder, 'home')];
    for (let i = 0; i < 3; i++) expect(countRefusal(folders, 'refused')).toBe(true);
    countRefusal(folders, 'unreadable');
    const home = join(folder, 'home');
    expect([refusals(home, 'refused'), refusals(home, 'unreadable'), recordNames(home)]).toEqual([3, 1, []]);
    expect(countRefusal(folders.slice(0, 1), 'refused')).toBe(false);
  });
});
