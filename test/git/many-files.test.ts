import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitFolders } from '../../src/git/git-folders.ts';
import { noteManyFiles } from '../../src/git/many-files.ts';
import { snapshotStore } from '../../src/git/snapshot-store.ts';
import { SnapshotTrees } from '../../src/git/snapshot-tree.ts';
import { takeSnapshot } from '../../src/git/take-snapshot.ts';
import { drainSpool } from '../../src/spool/drain.ts';
import { refusals } from '../../src/spool/refusals.ts';
import { hookCommand } from '../hook/shell/shell-hook.ts';
import { HookedTree } from '../snapshot/hooked-tree.ts';
import { git, repository, writeFiles } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

/** Long names, so that few files make a large index. */
const LONG = 'x'.repeat(200);
const FILES = 4500;

const pathOf = (n: number): string => `part-${n % 90}/${LONG}-${n}.txt`;

function manyFiles(top: string): void {
  for (let n = 0; n < 90; n++) mkdirSync(join(top, `part-${n}`), { recursive: true });
  // One content: git stores a thousand of them in a second.
  for (let n = 0; n < FILES; n++) writeFileSync(join(top, pathOf(n)), 'same\n');
  git(top, 'add', '-A');
}

class ManyTree extends HookedTree {
  readonly folders;
  readonly store;

  constructor(scratch: string) {
    super(repository(join(scratch, 'repo'), { '.gitignore': 'ignored/\n', 'a.txt': 'a\n' }), scratch);
    const folders = gitFolders(this.top);
    if (folders === null) throw new Error(`${this.top} is no work tree`);
    this.folders = folders;
    this.store = snapshotStore(folders);
  }

  at(path: string): string {
    return join(this.top, path);
  }

  /** The state that a hook keeps now: its file. */
  async kept(): Promise<string> {
    await this.hook('PreToolUse', { id: 'c1' });
    const [record] = this.records();
    if (typeof record?.snapshot !== 'string') throw new Error(JSON.stringify(record));
    return record.snapshot;
  }
}

test('where there are many files, states hold the same as where git adds all: what came, went, moved or is ignored, whatever it is called', async () => {
  const tree = new ManyTree(scratchFolder());
  await tree.kept();
  noteManyFiles(tree.folders);
  expect(existsSync(tree.store.many)).toBe(false);

  manyFiles(tree.top);
  await tree.kept();
  noteManyFiles(tree.folders);
  expect(existsSync(tree.store.many)).toBe(true);

  const trees = new SnapshotTrees();
  const seen = new Set<string | null>();
  const steps: (() => void)[] = [
    () => appendFileSync(tree.at(pathOf(17)), 'more\n'),
    () => writeFiles(tree.top, { 'new/deep/b.txt': 'b\n', 'ignored/c.txt': 'c\n' }),
    () =>
      writeFiles(tree.top, {
        'with space': '1\n',
        'quote"d': '2\n',
        'tab\tname': '3\n',
        'line\nend': '4\n',
        ünï: '5\n',
        '*.txt': '6\n',
      }),
    () => rmSync(tree.at(pathOf(18))),
    () => renameSync(tree.at('part-3'), tree.at('moved')),
    () => renameSync(tree.at('new/deep/b.txt'), tree.at('new/b.txt')),
    () => git(tree.top, 'commit', '-qam', 'what was tracked'),
    () => {
      rmSync(tree.at('a.txt'));
      writeFiles(tree.top, { 'a.txt/now-a-folder': 'x\n' });
    },
    () => writeFiles(tree.top, { '.gitignore': '' }),
    () => {
      for (let n = 0; n < 200; n++) appendFileSync(tree.at(pathOf(n * 90 + 5)), 'more\n');
    },
    () => {
      for (const n of [1, 2]) writeFileSync(tree.at('new/b.txt'), `${n}\n`);
    },
  ];
  for (const [i, step] of steps.entries()) {
    step();
    const byHook = trees.of(tree.folders, await tree.kept());
    const outcome = takeSnapshot({ top: tree.top, name: `all-${i}` });
    if (outcome.status !== 'taken') throw new Error(JSON.stringify(outcome));
    expect(byHook, `step ${i}`).toBe(trees.of(tree.folders, outcome.index));
    seen.add(byHook);
  }
  // A commit and an ignored file change nothing of the tree.
  expect(seen.size).toBe(steps.length - 1);
});

test('where there are many files and nothing changed, nothing is copied, and nothing is left beside the states', async () => {
  const tree = new ManyTree(scratchFolder());
  manyFiles(tree.top);
  await tree.kept();
  noteManyFiles(tree.folders);
  expect(existsSync(tree.store.many)).toBe(true);
  // As of another second than the index: else git looks at them each time, and notes that it did.
  for (let n = 0; n < FILES; n++) utimesSync(tree.at(pathOf(n)), 1_600_000_000, 1_600_000_000);
  for (const path of ['', ...readdirSync(tree.top).filter((name) => name !== '.git')]) {
    utimesSync(tree.at(path), 1_600_000_000, 1_600_000_000);
  }
  await tree.kept();
  const first = await tree.kept();
  const second = await tree.kept();
  expect(statSync(second).ino).toBe(statSync(first).ino);
  expect(readdirSync(tree.store.folder).filter((name) => /\.index\./.test(name))).toEqual([]);
});

test('where there are many files and it takes too long, it is given up after 2 s, and nothing is left of it', async () => {
  const tree = new ManyTree(scratchFolder());
  await tree.kept();
  writeFileSync(tree.store.many, '');
  writeFileSync(tree.at('model.bin'), '');
  truncateSync(tree.at('model.bin'), 12 * 2 ** 30);
  const begun = performance.now();
  await tree.hook('PreToolUse', { id: 'c1' });
  expect(performance.now() - begun).toBeGreaterThan(1900);
  expect(refusals(tree.spool, 'snapshot_timeout')).toBe(1);
  expect(existsSync(tree.store.slow)).toBe(true);
  expect(
    readdirSync(tree.store.folder).filter((name) => name.includes('.index') && !statSync(join(tree.store.folder, name)).size),
  ).toEqual([]);
  expect(readdirSync(tree.store.folder).filter((name) => /\.index\./.test(name))).toEqual([]);
});

test('the temporary name of a record with a state goes with the record', async () => {
  const tree = new ManyTree(scratchFolder());
  await tree.call({ id: 'c1' }, () => appendFileSync(tree.at('a.txt'), 'b\n'));
  expect(readdirSync(tree.spool).filter((name) => name.endsWith('.hook'))).toHaveLength(2);
  const report = drainSpool(tree.spool, () => 'applied', { maxAgeMs: 3_600_000 });
  expect(report.applied).toBe(2);
  expect(readdirSync(tree.spool)).toEqual([]);
});

test('a hook that has kept a state leaves no process behind, not even one that nobody waits for', async () => {
  const tree = new ManyTree(scratchFolder());
  const group = (): Promise<number> =>
    new Promise((done, fail) => {
      const child = spawn('sh', ['-c', hookCommand('PreToolUse', 'Bash|NotebookEdit')], {
        cwd: tree.top,
        env: { PATH: process.env['PATH'], ...tree.env },
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      child.on('error', fail);
      child.on('close', () => done(child.pid ?? 0));
      child.stdin.end('{}');
    });
  const isThere = (pid: number): boolean => {
    try {
      return process.kill(-pid, 0);
    } catch {
      return false;
    }
  };
  const left: boolean[] = [];
  // One of sixteen also has the size of the spool counted, beside it.
  for (let i = 0; i < 5; i++) left.push(isThere(await group()));
  expect(left.filter((is) => is).length).toBeLessThan(4);
});
