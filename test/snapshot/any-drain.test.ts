import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import type { FileEdit, ToolEvent } from '../../src/hook/hook-event.ts';
import { SnapshotEdits } from '../../src/snapshot/snapshot-edits.ts';
import type { SpooledHook } from '../../src/spool/spool-record.ts';
import { repository } from '../support/git-repository.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { shuffled } from '../support/shuffled.ts';
import { HookedTree } from './hooked-tree.ts';

/** What one of the workers did, and when. */
interface Written {
  readonly path: string;
  readonly by: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const WORKERS = 4;
const CALLS = 4;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const within = (list: readonly number[]): number => list[Math.floor(Math.random() * list.length)] ?? 0;

/** Commands beside each other in one work tree, with real hooks, of which git takes its time. */
async function run(tree: HookedTree): Promise<Written[]> {
  const written: Written[] = [];
  let shared = '';
  const worker = async (name: string): Promise<void> => {
    for (let n = 0; n < CALLS; n++) {
      const id = `${name}-${n}`;
      await tree.hook('PreToolUse', { id, session: name });
      for (const part of ['a', 'b']) {
        await pause(within([0, 0, 5, 15, 40]));
        const path = `${id}-${part}.txt`;
        const fromMs = Date.now();
        shared += `${path}\n`;
        for (const [name, text] of Object.entries({ [path]: 'x\n'.repeat(n + 1), 'shared.txt': shared })) {
          // Whole at once: git may look at half a file as well.
          writeFileSync(join(tree.top, '../half'), text);
          renameSync(join(tree.top, '../half'), join(tree.top, name));
        }
        written.push({ path, by: id, fromMs, toMs: Date.now() });
      }
      await pause(within([0, 5, 20]));
      await tree.hook('PostToolUse', { id, session: name });
      await pause(within([0, 0, 10]));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, i) => worker(`w${i}`)));
  return written;
}

/** Git that is started late, as on a busy machine: one hook then looks before another that began earlier. */
function slowGit(folder: string): string {
  mkdirSync(folder);
  const script =
    '#!/bin/bash\nfor d in ${PATH//:/ }; do [ "$d" = "${0%/*}" ] || [ ! -x "$d/git" ] || break; done\nsleep 0.0$((RANDOM % 5))\nexec "$d/git" "$@"\n';
  writeFileSync(join(folder, 'git'), script, { mode: 0o755 });
  return folder;
}

/** Rows by call and file, of drains at these times: what hooks had kept and spooled by then is all there is. */
function rowsOf(
  tree: HookedTree,
  records: readonly SpooledHook[],
  kept: string,
  times: readonly number[],
): Map<string, FileEdit> {
  const store = join(tree.top, '.git/ai-tracker/snapshots');
  for (const name of readdirSync(store)) {
    if (/\.(index|taken)$|^last-|^marks-/.test(name)) rmSync(join(store, name), { recursive: true });
  }
  const stretch = ({ hookMs }: SpooledHook) => hookMs ?? { fromMs: 0, toMs: 0 };
  const begun = new Set<SpooledHook>();
  const drained = new Set<SpooledHook>();
  const edits = new SnapshotEdits();
  const rows = new Map<string, FileEdit>();
  const take = (events: readonly ToolEvent[]): void => {
    for (const { toolUseId, edits: changed } of events) {
      for (const edit of changed) {
        const key = `${toolUseId} ${basename(edit.path)}`;
        const known = rows.get(key);
        if (known !== undefined) expect(edit).toEqual(known);
        rows.set(key, edit);
      }
    }
  };
  for (const nowMs of times) {
    for (const record of records.filter((one) => stretch(one).fromMs <= nowMs && !begun.has(one))) {
      begun.add(record);
      const name = basename(record.snapshot ?? '');
      copyFileSync(join(kept, name), join(store, name));
    }
    const spooled = records.filter((one) => stretch(one).toMs <= nowMs && !drained.has(one));
    for (const record of spooled) drained.add(record);
    tree.records = () => shuffled(spooled, nowMs);
    take(tree.drain(undefined, edits, nowMs));
  }
  return new Map([...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

test('whenever drains run, commands beside each other have the same rows; each change is told once, of a command that ran then', async () => {
  for (let round = 0; round < 2; round++) {
    const scratch = scratchFolder();
    const top = repository(join(scratch, 'repo'), { 'shared.txt': '' });
    const tree = new HookedTree(top, scratch, { PATH: `${slowGit(join(scratch, 'bin'))}:${process.env['PATH'] ?? ''}` });
    const written = await run(tree);
    const records = tree.records();
    expect(records.length).toBe(2 * WORKERS * CALLS);
    expect(records.every(({ snapshot }) => typeof snapshot === 'string' && existsSync(snapshot))).toBe(true);
    const kept = join(scratch, 'kept');
    cpSync(join(top, '.git/ai-tracker/snapshots'), kept, { recursive: true });

    const ids = [...new Set(written.map(({ by }) => by))];
    const times = records.flatMap(({ hookMs }) => (hookMs === undefined ? [] : [hookMs.fromMs, hookMs.toMs]));
    const endMs = Math.max(...times);
    const once = rowsOf(tree, records, kept, [endMs]);
    for (let drains = 0; drains < 4; drains++) {
      const at = shuffled(times, round * 100 + drains).slice(0, 3 ** drains);
      const often = rowsOf(
        tree,
        records,
        kept,
        [...at.map((ms) => ms + within([0, 1, 5])), endMs + 10].toSorted((a, b) => a - b),
      );
      expect(Object.fromEntries(often)).toEqual(Object.fromEntries(once));
    }

    for (const { path, by, fromMs, toMs } of written) {
      const told = [...once].filter(([key]) => key.endsWith(` ${path}`));
      expect(told.map(([, edit]) => [edit.type, edit.linesAdded, edit.linesRemoved])).toEqual([
        ['create', Number(by.slice(3)) + 1, 0],
      ]);
      const isOpen = (id: string): boolean => {
        const [before, after] = records
          .filter(({ payload }) => payload.includes(`"tool_use_id":"${id}"`))
          .map(({ hookMs }) => hookMs);
        return before !== undefined && after !== undefined && before.toMs <= toMs && after.fromMs >= fromMs;
      };
      const ran = ids.filter(isOpen);
      const [key = '', edit] = told[0] ?? [];
      const owner = key.split(' ')[0];
      if (edit?.match === 'exact') expect(owner).toBe(by);
      // A hook that runs then may look before or after.
      const isLooking = records.some(
        ({ hookMs }) => hookMs !== undefined && hookMs.fromMs <= toMs + 1 && hookMs.toMs >= fromMs - 1,
      );
      if (isLooking) continue;
      expect(ran).toContain(owner);
      expect(edit?.match).toBe(ran.length === 1 ? 'exact' : 'inferred');
    }
    const lines = [...once]
      .filter(([key]) => key.endsWith(' shared.txt'))
      .map(([, edit]) => (edit.linesAdded ?? 0) - (edit.linesRemoved ?? 0));
    expect(lines.reduce((sum, count) => sum + count, 0)).toBe(written.length);
  }
}, 120_000);
