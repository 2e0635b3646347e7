import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { scratchFolder } from '../support/scratch-folder.ts';
import { aiTracker } from './command.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/otlp/hatchet/worker.otlp.json', import.meta.url));
const CAPTURE = readFileSync(FIXTURE, 'utf8');

let home = '';
beforeEach(() => {
  home = scratchFolder();
});
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(home, name);
  writeFileSync(path, content);
  return path;
};
const database = (): string => join(home, 'rows.db');
const ingest = (args: string[], input?: string | Uint8Array) =>
  aiTracker(['ingest', '--db', database(), '--agent', 'a', ...args], input === undefined ? { home } : { home, input });

function one(sql: string): unknown {
  const db = new Database(database(), { readonly: true });
  try {
    return db.prepare(sql).pluck().get();
  } finally {
    db.close();
  }
}
const taskCount = (): unknown => one('select count(*) from task_executions');

describe('ai-tracker ingest', () => {
  it('makes a row per task of a real capture, tells what became of each span, and changes nothing the second time', async () => {
    const first = await ingest([FIXTURE]);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('107 spans');
    expect(first.stdout).toContain(database());
    expect(taskCount()).toBe(37);
    const changes = one('select seq from change_counter');
    const second = await ingest(['--json', FIXTURE]);
    expect(second.code).toBe(0);
    const { books } = JSON.parse(second.stdout) as { books: { hatchet: { seen: number; recorded: number; repeated: number } } };
    expect(books.hatchet).toMatchObject({ seen: 83, recorded: 0 });
    expect(one('select seq from change_counter')).toBe(changes);
  });

  it.each([
    ['--dir', 'a file', () => file('taken', 'x')],
    ['--dir', 'below a file', () => join(file('taken', 'x'), 'rows')],
    ['--dir', 'where the kernel refuses', () => '/proc/ai-tracker'],
    ['--dir', 'where it refuses files only', () => '/proc'],
    ['--db', 'a folder', () => scratchFolder()],
    ['--db', 'a text', () => file('taken', 'some text')],
    ['--db', 'below a file', () => join(file('taken', 'x'), '{agent_id}.db')],
    ['--db', 'where the kernel refuses', () => '/proc/ai-tracker/a.db'],
  ])('exits 3 where %s names %s, says so and writes nothing elsewhere', async (option, _what, place) => {
    const named = place();
    const before = readdirSync(home, { recursive: true });
    const { code, stderr } = await aiTracker(['ingest', option, named, FIXTURE], { home });
    expect(code).toBe(3);
    expect(stderr).toContain(named);
    expect(readdirSync(home, { recursive: true })).toEqual(before);
  });

  it('makes the folder that --dir names', async () => {
    const dir = join(home, 'new', 'rows');
    expect(await aiTracker(['ingest', '--dir', dir, '--agent', 'a', FIXTURE], { home })).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(dir)).toEqual(['a.db']);
  });

  it('takes stdin, gzip and several files at once', async () => {
    expect(await ingest(['-'], gzipSync(CAPTURE))).toMatchObject({ code: 0, stderr: '' });
    expect(taskCount()).toBe(37);
    const both = await ingest([file('a.gz', gzipSync(CAPTURE)), file('b.jsonl', `${CAPTURE}\n`)]);
    expect(both).toMatchObject({ code: 0, stderr: '' });
    expect(taskCount()).toBe(37);
  });

  it('says how many spans wait for an agent that nothing names', async () => {
    const task = (spanId: string): object => ({
      traceId: '11111111111111111111111111111111',
      spanId,
      name: 'hatchet.start_step_run',
      kind: 5,
      startTimeUnixNano: '1767225600000000000',
      endTimeUnixNano: '1767225601000000000',
      attributes: [{ key: 'step_run_id', value: { stringValue: spanId } }],
    });
    const request = (...spans: object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const waiting = async (dir: string, text: string): Promise<string | undefined> =>
      (await aiTracker(['ingest', '--dir', join(home, dir), '-'], { home, input: text })).stdout
        .split('\n')
        .find((line) => /^\d+ spans? waits? /.test(line));
    const end = 'agent: nothing names it. --agent ID does.';
    expect(await waiting('a', request(task('1111111111111111')))).toBe(`1 span waits for its ${end}`);
    expect(await waiting('b', request(task('2222222222222222'), task('3333333333333333')))).toBe(`2 spans wait for their ${end}`);
  });

  it('keeps what is sound of a broken file, says what was not, and exits 1', async () => {
    const broken = await ingest([file('broken.jsonl', ['{"resourceSpans":[{"na', CAPTURE, 'oops'].join('\n'))]);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/line 1: /);
    expect(broken.stderr).toMatch(/line 3: /);
    expect(taskCount()).toBe(37);
  });

  it('counts malformed spans by what is wrong with them and exits 1', async () => {
    const bad = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'x' }, { traceId: 'y' }] }] }] });
    const { code, stdout } = await ingest([file('bad.json', bad)]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/2 rejected \(2 trace id\)/);
  });

  it('takes the other files where one cannot be read, and exits 3', async () => {
    const { code, stderr } = await ingest([join(home, 'none.json'), FIXTURE]);
    expect(code).toBe(3);
    expect(stderr).toContain('none.json');
    expect(taskCount()).toBe(37);
  });

  it('says why rows cannot be written, and exits 3', async () => {
    const text = file('rows.db', 'a text, no database '.repeat(100));
    const { code, stderr } = await ingest([FIXTURE]);
    expect(code).toBe(3);
    expect(stderr).toContain(text);
    expect(readFileSync(text, 'utf8')).toMatch(/^a text/);
  });

  it('keeps attributes that the user wants as labels', async () => {
    const env = { AI_TRACKER_LABEL_KEYS: 'tenant_id' };
    expect(await aiTracker(['ingest', '--db', database(), FIXTURE], { home, env })).toMatchObject({ code: 0 });
    expect(one("select count(*) from task_labels where key = 'tenant_id'")).toBe(37);
  });
});

describe('the command', () => {
  it('says how it is used on stdout with --help, and on stderr with exit 2 when it is used wrongly', async () => {
    const help = await aiTracker(['ingest', '--help'], { home });
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toMatch(/^Usage: ai-tracker ingest/);
    for (const [args, hint] of [
      [['ingest'], /an argument is missing|FILE/],
      [['ingest', '--no-such'], /no-such/],
      [['ingets', 'x'], /ingest/],
      [['ingest', '--db', 'a', '--dir', 'b', 'x'], /--db or --dir/],
    ] as const) {
      const wrong = await aiTracker(args, { home });
      expect([wrong.code, wrong.stdout]).toEqual([2, '']);
      expect(wrong.stderr).toMatch(hint);
      expect(wrong.stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  it('says of a folder, and of a file that is not there, what to do, and exits 3', async () => {
    for (const [path, hint] of [
      [home, 'it is a folder; name the files in it'],
      [join(home, 'none.json'), 'there is no such file'],
    ] as const) {
      const { code, stderr } = await ingest([path]);
      expect(code).toBe(3);
      expect(stderr).toContain(`cannot read ${path}: ${hint}`);
    }
  });

  it('prints nothing that a terminal obeys', async () => {
    const evil = join(home, '\u001b[31mred\u009b2J');
    const { stderr } = await ingest([evil]);
    expect(stderr).toContain('red');
    expect(stderr.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});
