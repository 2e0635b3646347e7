import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { PACKAGED_SCRIPT } from '../../../src/hook/install/hook-script.ts';
import { encodeHookFile } from '../../../src/spool/hook-file.ts';
import { writeSpoolBytes } from '../../../src/spool/write-record.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { EDIT_TOOLS, homeSpool, hookCommand, recordsIn, runHook } from './shell-hook.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const NOBODY = 65_534;
/** Kills of drains; `PROOF_ROUNDS=300` for hundreds of them. */
const ROUNDS = Number(process.env['PROOF_ROUNDS'] ?? 15);
const SESSION = randomUUID();

/** A file of `lines` lines that Claude Code has made. */
const written = (id: string, lines: number): string =>
  JSON.stringify({
    hook_event_name: 'PostToolUse',
    session_id: SESSION,
    cwd: '/work',
    tool_name: 'Write',
    tool_use_id: `toolu_${id}`,
    tool_input: { file_path: `/repo/${id}.txt`, content: 'x\n'.repeat(lines) },
    tool_response: {
      type: 'create',
      filePath: `/repo/${id}.txt`,
      content: 'x\n'.repeat(lines),
      structuredPatch: [],
      originalFile: null,
    },
    duration_ms: 3,
  });

interface DrainOptions {
  readonly killWhen?: () => boolean;
  readonly user?: number;
}

/** `ai-tracker hook drain`; killed as soon as that holds. */
async function drain(env: NodeJS.ProcessEnv, { killWhen, user }: DrainOptions = {}): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'hook', 'drain'], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
    ...(user !== undefined && process.getuid?.() === 0 ? { uid: user, gid: user } : {}),
  });
  const ended = once(child, 'exit');
  while (killWhen !== undefined && child.exitCode === null && child.signalCode === null) {
    if (killWhen()) child.kill('SIGKILL');
    await sleep(1);
  }
  await ended;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

interface EditRow {
  readonly tool_use_id: string;
  readonly lines_added: number;
  readonly agent_id: string;
}

function editsIn(file: string): EditRow[] {
  const db = new Database(file, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db
      .prepare('SELECT tool_use_id, lines_added, agent_id FROM file_modifications ORDER BY tool_use_id')
      .all() as EditRow[];
  } finally {
    db.close();
  }
}

const expected = (agent: string, ids: readonly string[]): EditRow[] =>
  ids
    .map((id, i) => ({ tool_use_id: `toolu_${id}`, lines_added: i + 1, agent_id: agent }))
    .toSorted((a, b) => (a.tool_use_id < b.tool_use_id ? -1 : 1));

const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(3, '0')}`);

describe('what hooks spooled becomes rows', () => {
  test('of forty first hooks at once, on a machine without any file, forty', async () => {
    const home = scratchFolder();
    const env = { HOME: home, AGENT_ID: 'a' };
    const all = ids('e', 40);
    await Promise.all(all.map((id, i) => runHook({ env, input: written(id, i + 1) })));
    await drain(env);
    expect(recordsIn(homeSpool(home))).toEqual([]);
    expect(editsIn(join(home, '.config/ai-tracker/agents/a.db'))).toEqual(expected('a', all));
  });

  test('of files of one name that are written at the same time, each with its own lines', async () => {
    const home = scratchFolder();
    const env = { HOME: home, AGENT_ID: 'a' };
    const names = ['a/index.js', 'b/index.js', 'c/index.js'];
    await Promise.all(names.map((name, i) => runHook({ env, input: written(name, i + 1) })));
    await drain(env);
    expect(editsIn(join(home, '.config/ai-tracker/agents/a.db'))).toEqual(expected('a', names));
  });

  test('and nothing is left of the text of a call that was denied, once its event is drained', async () => {
    const home = scratchFolder();
    const env = { HOME: home, AGENT_ID: 'a' };
    const call = { session_id: SESSION, cwd: '/work', tool_name: 'Write', tool_use_id: 'toolu_no' };
    const tool_input = { file_path: '/repo/no.txt', content: 'the secret text' };
    const command = hookCommand('PreToolUse', EDIT_TOOLS);
    await runHook({ env, command, input: JSON.stringify({ hook_event_name: 'PreToolUse', ...call, tool_input }) });
    const holders = (): string[] => spawnSync('grep', ['-rl', 'secret text', home]).stdout.toString().split('\n').filter(Boolean);
    expect(holders()).toHaveLength(1);
    await drain(env);
    expect(holders()).toEqual([]);
    expect(editsIn(join(home, '.config/ai-tracker/agents/a.db'))).toEqual([]);
  });

  test(
    'each once, however often drains are killed: at their start, while they write, while they delete',
    async () => {
      const home = scratchFolder();
      const spool = homeSpool(home);
      const env = { HOME: home, AGENT_ID: 'a' };
      const file = join(home, '.config/ai-tracker/agents/a.db');
      await runHook({ env, input: written('first', 1) });
      await drain(env);
      const before = editsIn(file).length;

      const all: string[] = [];
      let interrupted = 0;
      for (let round = 0; round < ROUNDS; round++) {
        for (const id of ids(`k${String(round).padStart(3, '0')}`, 60)) {
          all.push(id);
          writeSpoolBytes([spool], 'hook file', encodeHookFile(env, Buffer.from(written(id, all.length))), { maxBytes: 1e9 });
        }
        const waiting = recordsIn(spool).length;
        const bytes = sizeOf(`${file}-wal`);
        const begun: (() => boolean)[] = [
          () => sizeOf(`${file}-wal`) > bytes,
          () => recordsIn(spool).length < waiting,
          () => existsSync(`${file}-wal`),
        ];
        await drain(env, { killWhen: begun[round % 3] as () => boolean });
        if (recordsIn(spool).length > 0) interrupted += 1;
      }
      expect(interrupted).toBeGreaterThan(ROUNDS / 4);
      await drain(env);
      expect(recordsIn(spool)).toEqual([]);
      expect(before).toBe(1);
      expect(editsIn(file).filter((row) => row.tool_use_id !== 'toolu_first')).toEqual(expected('a', all));
    },
    60_000 + ROUNDS * 3000,
  );

  test('in the file of its own agent, whoever drains the common spool: agents, and root', async () => {
    const home = scratchFolder();
    chmodSync(home, 0o777);
    const [spool, shared] = [join(home, 'spool'), join(home, 'shared')];
    for (const folder of [spool, shared]) {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
    }
    const envOf = (agent: string): NodeJS.ProcessEnv => ({
      HOME: home,
      AGENT_ID: agent,
      AI_TRACKER_SPOOL_DIR: spool,
      AI_TRACKER_SHARED_DIR: shared,
    });
    const [a, b] = [ids('a', 30), ids('b', 30)];
    // Sessions differ in life; one here, so that nothing but the record's own agent can tell them apart.
    await Promise.all([
      ...a.map((id, i) => runHook({ env: envOf('agent-a'), input: written(id, i + 1) })),
      ...b.map((id, i) => runHook({ env: envOf('agent-b'), input: written(id, i + 1) })),
    ]);
    expect(recordsIn(spool)).toHaveLength(60);
    await Promise.all([drain(envOf('agent-a')), drain(envOf('agent-b')), drain({ HOME: home, AI_TRACKER_SPOOL_DIR: spool })]);
    expect(recordsIn(spool)).toEqual([]);
    expect(editsIn(join(shared, 'agent-a.db'))).toEqual(expected('agent-a', a));
    expect(editsIn(join(shared, 'agent-b.db'))).toEqual(expected('agent-b', b));
    expect(
      readdirSync(shared)
        .filter((name) => name.endsWith('.db') && !name.startsWith('.'))
        .toSorted(),
    ).toEqual(['agent-a.db', 'agent-b.db']);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'also where agents are different users and root drains among them (skipped where we are not root)',
    async () => {
      const home = scratchFolder();
      const spool = join(home, 'spool');
      const [uidA, uidB] = [NOBODY, NOBODY - 1];
      for (const folder of [home, spool]) {
        if (!existsSync(folder)) mkdirSync(folder);
        chmodSync(folder, 0o777);
      }
      const envOf = (agent: string): NodeJS.ProcessEnv => ({
        HOME: join(home, agent),
        AGENT_ID: agent,
        AI_TRACKER_SPOOL_DIR: spool,
        AI_TRACKER_DB_PATH: join(home, '{agent_id}.db'),
      });
      const script = join(home, 'claude-hook.sh');
      copyFileSync(PACKAGED_SCRIPT, script);
      const command = `set -- post; . '${script}'; exit 0`;
      const [a, b] = [ids('a', 10), ids('b', 10)];
      await Promise.all([
        ...a.map((id, i) => runHook({ env: envOf('agent-a'), input: written(id, i + 1), user: uidA, command })),
        ...b.map((id, i) => runHook({ env: envOf('agent-b'), input: written(id, i + 1), user: uidB, command })),
      ]);
      expect(recordsIn(spool)).toHaveLength(20);
      await Promise.all([
        drain(envOf('agent-a'), { user: uidA }),
        drain(envOf('agent-b'), { user: uidB }),
        drain({ HOME: home, AI_TRACKER_SPOOL_DIR: spool }),
      ]);
      await drain({ HOME: home, AI_TRACKER_SPOOL_DIR: spool });
      expect(recordsIn(spool)).toEqual([]);
      expect(editsIn(join(home, 'agent-a.db'))).toEqual(expected('agent-a', a));
      expect(editsIn(join(home, 'agent-b.db'))).toEqual(expected('agent-b', b));
    },
  );
});
