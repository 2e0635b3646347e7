import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { addTo, oldTrackerIn } from '../support/old-tracker.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { aiTracker, type CommandRun } from './command.ts';

const takeOver = (home: string, ...args: string[]): Promise<CommandRun> => aiTracker(['import', ...args], { home });

type Rows = readonly Record<string, unknown>[];

function ask(file: string, question: string): Rows {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(question).all() as Rows;
  } finally {
    db.close();
  }
}

const sightOf = (path: string): string => {
  const { size, mtimeMs, ino } = statSync(path);
  return `${size} ${mtimeMs} ${ino} ${createHash('sha256').update(readFileSync(path)).digest('hex')} ${readdirSync(dirname(path)).sort().join()}`;
};

/** What people ask a cc-ai-tracker file: its own statistics, and those of its README. */
const QUESTIONS: Readonly<Record<string, string>> = {
  totals: `SELECT COUNT(*) AS total_commits, COALESCE(SUM(ai_lines_added), 0) AS ai_added, COALESCE(SUM(ai_lines_removed), 0) AS ai_removed,
    COALESCE(SUM(human_lines_added), 0) AS human_added, COALESCE(SUM(human_lines_removed), 0) AS human_removed FROM commits
    WHERE timestamp >= '2026-01-12T09:05:00.400000Z'`,
  'by repository': `SELECT repo_name, SUM(ai_lines_added) AS ai, SUM(human_lines_added) AS human, COUNT(*) AS total_commits FROM commits
    GROUP BY repo_name ORDER BY total_commits DESC, repo_name`,
  'by day': `SELECT date(timestamp) AS period, SUM(ai_lines_added) AS ai FROM commits GROUP BY period ORDER BY period`,
  'by week': `SELECT strftime('%Y-W%W', timestamp) AS period, SUM(human_lines_added) AS human FROM commits GROUP BY period ORDER BY period`,
  'average share': `SELECT AVG(CASE WHEN ai_lines_added + human_lines_added > 0 THEN ai_lines_added * 100.0 / (ai_lines_added + human_lines_added) ELSE 0 END) AS share FROM commits`,
  'recent commits': `SELECT lower(commit_sha) AS sha, repo_name, repo_path, ai_lines_added FROM commits ORDER BY timestamp DESC LIMIT 10`,
  'recent edits': `SELECT substr(timestamp, 1, 19) AS at, session_id, tool, file_path, lines_added, lines_removed, cwd, committed FROM edits ORDER BY timestamp DESC LIMIT 10`,
  'edits of a day': `SELECT count(*) AS edits FROM edits WHERE date(timestamp) = '2026-01-13'`,
  'not committed yet': `SELECT count(*) AS edits, sum(lines_added) AS lines FROM edits WHERE committed = 0`,
  'edits per session': `SELECT session_id, count(*) AS edits FROM edits GROUP BY session_id ORDER BY session_id`,
  'files of commits': `SELECT lower(c.commit_sha) AS sha, count(*) AS files, sum(f.ai_lines_added) AS ai, sum(f.lines_added) AS all_lines
    FROM commits c JOIN commit_files f ON f.commit_id = c.id GROUP BY c.commit_sha ORDER BY sha`,
};

describe('ai-tracker import', () => {
  test('answers what people ask as the old file does', async () => {
    const home = scratchFolder();
    const old = oldTrackerIn(home, ['v0.2.0']);
    const ours = join(home, 'ours.db');
    expect(await takeOver(home, old, '--db', ours)).toMatchObject({ code: 0, stderr: '' });
    for (const [name, question] of Object.entries(QUESTIONS)) {
      const answer = ask(ours, question);
      expect(answer.length, name).toBeGreaterThan(0);
      expect(answer, name).toEqual(ask(old, question));
    }
  });

  test('without a file takes the old tool’s own, leaves it byte for byte, and puts nothing beside it', async () => {
    const home = scratchFolder();
    mkdirSync(join(home, '.config/ai-tracker'), { recursive: true });
    const old = oldTrackerIn(join(home, '.config/ai-tracker'), ['v0.2.0']);
    const before = sightOf(old);
    const { code, stdout } = await takeOver(home, '--dir', join(home, 'agents'));
    expect(code).toBe(0);
    expect(stdout).toContain(`${old} → `);
    expect(stdout).toMatch(/^edits +5 +5 +0 +0 +0$/m);
    expect(sightOf(old)).toBe(before);
  });

  test('once done is neither advised by `path` again nor nothing to `agents`', async () => {
    const home = scratchFolder();
    mkdirSync(join(home, '.config/ai-tracker'), { recursive: true });
    oldTrackerIn(join(home, '.config/ai-tracker'), ['v0.2.0']);
    expect((await aiTracker(['path'], { home })).stderr).toContain('ai-tracker import');
    expect((await aiTracker(['agents'], { home })).stderr).toContain('nothing has been recorded');
    await takeOver(home);
    expect((await aiTracker(['path'], { home })).stderr).not.toContain('ai-tracker import');
    const { code, stderr } = await aiTracker(['agents'], { home });
    expect([code, stderr]).toEqual([0, expect.stringContaining('what `import` took over names none')]);
    expect((await aiTracker(['sql', 'SELECT * FROM edits'], { home })).stdout).not.toBe('');
  });

  test('reads what the old tool has committed and not yet moved out of its -wal, without touching either', async () => {
    const home = scratchFolder();
    mkdirSync(join(home, 'old'));
    const old = oldTrackerIn(join(home, 'old'), ['v0.2.0']);
    const writer = new Database(old);
    try {
      writer.pragma('wal_autocheckpoint = 0');
      addTo(writer, 'repeated-and-odd');
      const before = [sightOf(old), sightOf(`${old}-wal`)];
      const { stdout } = await takeOver(home, old, '--db', join(home, 'ours.db'), '--json');
      expect(JSON.parse(stdout)).toMatchObject({ imported: [{ tables: { commits: { rows: 5 } } }] });
      expect([sightOf(old), sightOf(`${old}-wal`)]).toEqual(before);
    } finally {
      writer.close();
    }
  });

  test('twice changes nothing, and later adds only what the old tool has recorded since', async () => {
    const home = scratchFolder();
    const old = oldTrackerIn(home, ['v0.2.0']);
    const ours = join(home, 'ours.db');
    const everything =
      'SELECT id, change_seq FROM file_modifications UNION ALL SELECT id, change_seq FROM commits UNION ALL SELECT id, change_seq FROM commit_files';
    await takeOver(home, old, '--db', ours);
    const first = ask(ours, everything);
    expect(first).toHaveLength(12);
    expect(await takeOver(home, old, '--db', ours)).toMatchObject({ code: 0 });
    expect(ask(ours, everything)).toEqual(first);

    const db = new Database(old);
    db.exec(
      "UPDATE edits SET committed = 1 WHERE id = 3; INSERT INTO edits (timestamp, session_id, tool, file_path, lines_added, lines_removed, cwd) VALUES ('2026-01-16T00:00:00Z', 's', 'Edit', '/x', 1, 1, '/')",
    );
    db.close();
    const { stdout } = await takeOver(home, old, '--db', ours, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ imported: [{ tables: { edits: { rows: 6, written: 2, known: 4 } } }] });
    expect(ask(ours, 'SELECT sum(committed) AS committed, count(*) AS edits FROM edits')).toEqual([{ committed: 4, edits: 6 }]);
  });

  test('takes rows of a copy of the file for the same rows', async () => {
    const home = scratchFolder();
    const old = oldTrackerIn(home, ['v0.2.0']);
    const copy = join(home, 'backup.db');
    copyFileSync(old, copy);
    const ours = join(home, 'ours.db');
    expect(await takeOver(home, old, copy, '--db', ours)).toMatchObject({ code: 0 });
    expect(ask(ours, 'SELECT count(*) AS edits FROM edits')).toEqual([{ edits: 5 }]);
    expect(ask(ours, 'SELECT count(*) AS commits FROM commits')).toEqual([{ commits: 3 }]);
  });

  test('counts a commit once that the old hook counted twice, and tells row by row what it could not take', async () => {
    const home = scratchFolder();
    const old = oldTrackerIn(home, ['v0.2.0', 'repeated-and-odd']);
    const ours = join(home, 'ours.db');
    const { code, stdout } = await takeOver(home, old, '--db', ours);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^edits +7 +5 +0 +0 +2$/m);
    expect(stdout).toMatch(/^commits +5 +3 +0 +1 +1$/m);
    expect(stdout).toMatch(/^commit_files +6 +4 +0 +1 +1$/m);
    for (const why of [
      '1 with no time that can be read',
      '1 with no file path',
      '1 with no commit hash',
      '1 with their commit is not there',
    ])
      expect(stdout).toContain(why);
    expect(ask(ours, "SELECT ai_lines_added AS ai, human_lines_added AS human FROM commits WHERE commit_sha LIKE 'aa%'")).toEqual(
      [{ ai: 43, human: 10 }],
    );
    expect(ask(ours, "SELECT file_path, ai_lines_added AS ai FROM commit_files WHERE commit_id LIKE '%:aa%' ORDER BY 1")).toEqual(
      [
        { file_path: 'src/café.ts', ai: 0 },
        { file_path: 'src/cart.ts', ai: 43 },
      ],
    );
    expect(ask(ours, "SELECT file_path FROM commit_files WHERE file_path LIKE '%price%'")).toEqual([
      { file_path: 'src/new/price.ts' },
    ]);
  });

  test('takes a file with fewer columns, and tells two equal rows apart', async () => {
    const home = scratchFolder();
    const ours = join(home, 'ours.db');
    expect(await takeOver(home, oldTrackerIn(home, ['first-columns']), '--db', ours)).toMatchObject({ code: 0 });
    expect(ask(ours, 'SELECT timestamp, session_id, tool, lines_added, lines_removed, committed FROM edits')).toEqual(
      [1, 2].map(() => ({
        timestamp: '2026-01-09T18:00:00.000Z',
        session_id: null,
        tool: null,
        lines_added: 2,
        lines_removed: 0,
        committed: 0,
      })),
    );
    expect(ask(ours, 'SELECT ai_lines_added AS ai, ai_lines_removed AS removed, repo_id FROM commits')).toEqual([
      { ai: 2, removed: 0, repo_id: 'shop' },
    ]);
  });

  test('puts the rows into the file of --agent, else of AGENT_ID, and names that agent in each', async () => {
    const home = scratchFolder();
    const old = oldTrackerIn(home, ['v0.2.0']);
    const dir = join(home, 'agents');
    await takeOver(home, old, '--dir', dir, '--agent', 'worker-7');
    await aiTracker(['import', old, '--dir', dir], { home, env: { AGENT_ID: 'worker-8' } });
    for (const agent of ['worker-7', 'worker-8'])
      expect(
        ask(
          join(dir, `${agent}.db`),
          'SELECT DISTINCT agent_id FROM file_modifications UNION ALL SELECT DISTINCT agent_id FROM commits',
        ),
      ).toEqual([{ agent_id: agent }, { agent_id: agent }]);
  });
});

describe('repositories of imported commits', () => {
  test('have the remote’s id where they are still there under their name, else their name; later imports learn it', async () => {
    const home = scratchFolder();
    const shop = join(home, 'shop');
    const old = oldTrackerIn(home, ['v0.2.0']);
    const db = new Database(old);
    db.prepare("UPDATE commits SET repo_path = ? WHERE repo_name = 'shop'").run(shop);
    db.prepare("UPDATE edits SET file_path = replace(file_path, '/home/u/shop', ?)").run(shop);
    db.close();
    const ours = join(home, 'ours.db');
    const commits = "SELECT id, repo_id FROM commits WHERE repo_name = 'shop' ORDER BY id";
    const sha = (letter: string): string => letter.repeat(40);

    await takeOver(home, old, '--db', ours);
    expect(ask(ours, commits)).toEqual(['a', 'b'].map((letter) => ({ id: `shop:${sha(letter)}`, repo_id: 'shop' })));

    execFileSync('git', ['init', '-q', shop]);
    const remote = (url: string): Buffer => execFileSync('git', ['-C', shop, 'config', 'remote.origin.url', url]);
    // Another repository lies there by now.
    remote('https://github.com/acme/warehouse.git');
    await takeOver(home, old, '--db', ours);
    expect(ask(ours, commits)).toHaveLength(2);
    expect(ask(ours, commits)[0]).toMatchObject({ repo_id: 'shop' });

    remote('https://me:secret@github.com/acme/shop.git');
    const { stdout } = await takeOver(home, old, '--db', ours);
    expect(ask(ours, commits)).toEqual(
      ['a', 'b'].map((letter) => ({ id: `github.com/acme/shop:${sha(letter)}`, repo_id: 'github.com/acme/shop' })),
    );
    expect(stdout).toContain('1 repository could not be found');
    expect(ask(ours, 'SELECT count(*) AS files FROM commit_files f JOIN commits c ON c.id = f.commit_id')).toEqual([
      { files: 4 },
    ]);
    expect(ask(ours, "SELECT count(*) AS gone FROM tombstones WHERE table_name IN ('commits', 'commit_files')")).toEqual([
      { gone: 5 },
    ]);
    expect(ask(ours, "SELECT repo_id, repo_path FROM file_modifications WHERE tool = 'Write' ORDER BY repo_path")).toEqual([
      { repo_id: 'github.com/acme/shop', repo_path: 'src/café.ts' },
      { repo_id: 'github.com/acme/shop', repo_path: 'src/cart.ts' },
    ]);

    // The repository goes again: what is known of it stays.
    execFileSync('git', ['-C', shop, 'config', '--unset', 'remote.origin.url']);
    await takeOver(home, old, '--db', ours);
    expect(ask(ours, commits)[0]).toMatchObject({ repo_id: 'github.com/acme/shop' });
    expect(ask(ours, commits)).toHaveLength(2);
  });
});

describe('a file that cannot be imported', () => {
  const bad: Record<string, (home: string) => string> = {
    'there is no such file': (home) => join(home, 'nowhere.db'),
    'it is a folder': (home) => home,
    'it is empty': (home) => written(home, ''),
    'it is no SQLite database': (home) => written(home, 'edits,commits\n'.repeat(100)),
    'it is no file of cc-ai-tracker (its tables are cookies': (home) => {
      const db = new Database(join(home, 'other.db'));
      db.exec('CREATE TABLE cookies (id)');
      db.close();
      return join(home, 'other.db');
    },
    'it is a file of this version already': (home) => {
      execFileSync(process.execPath, [
        'src/cli/main.ts',
        'import',
        oldTrackerIn(home, ['v0.2.0']),
        '--db',
        join(home, 'ours.db'),
      ]);
      return join(home, 'ours.db');
    },
  };
  const written = (home: string, text: string): string => {
    writeFileSync(join(home, 'some.db'), text);
    return join(home, 'some.db');
  };

  test.each(Object.entries(bad))('%s: says so in one line and exits 3', async (message, make) => {
    const home = scratchFolder();
    const path = make(home);
    const { code, stdout, stderr } = await takeOver(home, path, '--dir', join(home, 'agents'));
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain(path);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('does not keep others from being imported', async () => {
    const home = scratchFolder();
    const { code, stdout, stderr } = await takeOver(
      home,
      join(home, 'nowhere.db'),
      oldTrackerIn(home, ['v0.2.0']),
      '--dir',
      join(home, 'agents'),
    );
    expect(code).toBe(3);
    expect(stderr).toContain('there is no such file');
    expect(stdout).toMatch(/^edits +5 +5 /m);
  });

  test('is the file that the rows would go into: says how to name another', async () => {
    const home = scratchFolder();
    const old = oldTrackerIn(home, ['v0.2.0']);
    const before = sightOf(old);
    const { code, stderr } = await aiTracker(['import'], { home, env: { AI_TRACKER_DB_PATH: old } });
    expect(code).toBe(3);
    expect(stderr).toContain('--db or --dir');
    expect(sightOf(old)).toBe(before);
  });

  test('is damaged in its middle: what can be read is taken, and the rest is told', async () => {
    const home = scratchFolder();
    const old = join(home, 'old.db');
    const db = new Database(old);
    addTo(db, 'v0.2.0');
    const more = db.prepare(
      'INSERT INTO commit_files (commit_id, file_path, lines_added, lines_removed, ai_lines_added, ai_lines_removed) VALUES (1, ?, 1, 0, 1, 0)',
    );
    db.transaction(() => {
      for (let i = 0; i < 2000; i++) more.run(`src/file-${i}-${'x'.repeat(60)}.ts`);
    })();
    db.close();
    const bytes = readFileSync(old);
    writeFileSync(old, bytes.fill(0xff, bytes.length - 5 * 4096, bytes.length - 4096));
    const { code, stdout } = await takeOver(home, old, '--db', join(home, 'ours.db'), '--json');
    expect(code).toBe(1);
    const [report] = (JSON.parse(stdout) as { imported: { tables: Record<string, { written: number }>; damaged: string[] }[] })
      .imported;
    expect(report?.damaged.join()).toContain('commit_files');
    expect(report?.tables['edits']?.written).toBe(5);
    expect(report?.tables['commit_files']?.written).toBeGreaterThan(100);
  });

  test('is not named, and the old tool has left none: exits 1 and says where it looked', async () => {
    const home = scratchFolder();
    const { code, stderr } = await takeOver(home);
    expect(code).toBe(1);
    expect(stderr).toContain(join(home, '.config/ai-tracker/tracker.db'));
  });
});
