import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { memoryPath } from '../../src/attribution/open-memory.ts';
import { RepositoryMemory } from '../../src/attribution/repository-memory.ts';
import { foldersOf } from '../support/folders-of.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const OWNER = { target: {}, home: null };

/** A repository whose file an agent edits, a line at a time, over many days. */
function edited() {
  const top = repository(join(scratchFolder(), 'repo'), { 'a.ts': 'begun\n' });
  const folders = foldersOf(top);
  const memory = new RepositoryMemory(folders, 1000);
  onTestFinished(() => memory.close());
  const head = git(top, 'rev-parse', 'HEAD');
  let lines = ['begun', ...Array.from({ length: 200 }, (_, n) => `let first${n} = ${n};`)];
  let text = 'begun\n';
  let calls = 0;
  const edit = (timeMs: number): void => {
    const before = text;
    calls += 1;
    lines = lines.map((line, n) => (n === (calls * 37) % 200 ? `let value${calls} = ${calls};` : line));
    text = `${lines.join('\n')}\n`;
    const call = { sessionId: 's', toolUseId: `t${calls}`, agentId: 'w1', timeMs, head, run: null };
    const content = { path: 'a.ts', before: { text: before }, after: { text }, hunks: null };
    memory.takeCall(call, 'main', [{ path: 'a.ts', previousPath: null, row: join(top, 'a.ts'), content }]);
  };
  const rows = (sql: string): number => {
    const db = new Database(memoryPath(folders.commonDir), { readonly: true });
    try {
      return db.prepare(sql).pluck().get() as number;
    } finally {
      db.close();
    }
  };
  const commit = (): string => {
    writeFiles(top, { 'a.ts': text });
    git(top, 'commit', '-qam', `after ${calls}`);
    return git(top, 'rev-parse', 'HEAD');
  };
  return { memory, edit, rows, commit, folders, text: () => text, head };
}

const agents = (memory: RepositoryMemory, text: string, head: string): number =>
  memory.workingLines('a.ts', text, head, NOW).filter(({ kind }) => kind === 'agent').length;

test('what was told long ago is forgotten, and whose the lines of the work tree are is not', () => {
  const { memory, edit, rows, text, head, folders } = edited();
  for (let n = 0; n < 300; n++) edit(NOW - 20 * DAY_MS + n * 1000);
  edit(NOW - DAY_MS);
  memory.settle(OWNER, NOW, false);
  const before = agents(memory, text(), head);
  expect(before).toBe(201);
  const size = statSync(memoryPath(folders.commonDir)).size;
  memory.tend(7 * DAY_MS, NOW);
  expect(rows('SELECT count(*) FROM events')).toBe(1);
  expect(rows('SELECT count(*) FROM states')).toBeLessThan(5);
  expect(rows('SELECT count(*) FROM contents')).toBeLessThan(8);
  expect(rows('SELECT count(*) FROM lines')).toBeLessThan(210);
  expect(rows('SELECT count(*) FROM texts')).toBeLessThan(450);
  expect(rows('PRAGMA freelist_count')).toBe(0);
  expect(agents(memory, text(), head)).toBe(before);
  memory.close();
  expect(statSync(memoryPath(folders.commonDir)).size).toBeLessThan(size);
});

test('edits and late ones go on as before', () => {
  const { memory, edit, text, head } = edited();
  for (let n = 0; n < 50; n++) edit(NOW - 20 * DAY_MS + n * 1000);
  edit(NOW - DAY_MS);
  memory.settle(OWNER, NOW, false);
  memory.tend(7 * DAY_MS, NOW);
  const late = { sessionId: 's', toolUseId: 'late', agentId: 'w1', timeMs: NOW - 10 * DAY_MS, head, run: null };
  const content = { path: 'b.ts', before: 'absent', after: { text: 'late\n' }, hunks: null } as const;
  memory.takeCall(late, 'main', [{ path: 'b.ts', previousPath: null, row: 'b.ts', content }]);
  edit(NOW);
  memory.settle(OWNER, NOW, false);
  expect(memory.workingLines('b.ts', 'late\n', head, NOW)).toMatchObject([{ kind: 'agent' }]);
  expect(agents(memory, text(), head)).toBe(200);
});

test('live commits keep whose their lines are; dead ones go after a month', () => {
  const { memory, edit, rows, commit, folders } = edited();
  const place = { cwd: null, top: folders.top, gitDir: folders.gitDir, commonDir: folders.commonDir, branch: 'main' };
  const told = (sha: string, timeMs: number): void => {
    const event = { hook: 'post-commit', args: [], timeMs, place: { ...place, headSha: sha }, rewritten: [], stashes: [] };
    const context = { agentId: null, taskId: null, traceparent: null, tracestate: null };
    memory.takeGit({ ...event, squashed: [], reflog: null, context, claudeSession: null, insideClaude: false }, 'main', OWNER);
    for (const changes of memory.settle(OWNER, NOW, false)) memory.setWritten(changes);
  };
  edit(NOW - 60 * DAY_MS);
  const lived = commit();
  told(lived, NOW - 60 * DAY_MS + 1000);
  edit(NOW - 50 * DAY_MS);
  told(commit(), NOW - 50 * DAY_MS + 1000);
  git(folders.top, 'reset', '-q', '--hard', 'HEAD~');
  for (const changes of memory.settle(OWNER, NOW, false)) memory.setWritten(changes);
  expect(rows('SELECT count(*) FROM commits')).toBe(2);
  const anchors = memory.attribution(lived, OWNER, NOW)?.files[0]?.anchors;
  expect(anchors).toHaveLength(200);
  memory.tend(7 * DAY_MS, NOW);
  expect(rows('SELECT count(*) FROM commits')).toBe(1);
  expect(memory.attribution(lived, OWNER, NOW)?.files).toMatchObject([{ path: 'a.ts', added: 200, aiAdded: 200 }]);
  expect(rows('SELECT count(*) FROM commit_states')).toBe(1);
  // Where rows are gone with their file, anchors are made again.
  const wrote = [...(memory.attribution(lived, OWNER, NOW)?.files[0]?.anchors ?? [])];
  memory.writeAgain(() => new Set());
  const [again] = memory.toWrite();
  expect(wrote).toEqual([]);
  expect(again?.written[0]?.files[0]?.anchors).toEqual(anchors);
});
