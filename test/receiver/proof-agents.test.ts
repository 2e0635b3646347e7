import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { boundedText } from '../../src/model/bounded-text.ts';
import { column } from '../support/agent-rows.ts';
import { requestOf } from '../support/otlp-request.ts';
import { HttpSender, JSON_TYPE } from '../support/post.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { taskSpan } from '../support/span-makers.ts';

const LONG = 10_240;

/** No two of them are one agent; each comes over the wire as it stands here. */
const HOSTILE = [
  '../x',
  '../../../../tmp/x',
  '/etc/passwd',
  'a/../../b',
  '..\\..\\x',
  '.',
  '..',
  '~root',
  '-rf',
  'C:\\Windows\\x',
  '\\\\host\\share\\x',
  'CON',
  'con.db',
  'LPT1',
  'NUL.txt',
  'a\u0000b',
  '\u0000',
  'a\nb\u001b[2J',
  '\u202egpj.exe',
  '🤖',
  '👩‍💻',
  'é',
  'e\u0301',
  'x'.repeat(LONG),
  `y${'x'.repeat(LONG)}`,
  `${'x'.repeat(LONG)}y`,
  'twin',
  'Twin',
  'TWIN',
  'twin.',
  'twin..',
  'twin ',
  ' twin',
  'twin.db',
  'twin.db-wal',
  'twin.db-journal',
  '.holding-here',
  '.spool',
  'unassigned',
  'tracker',
  '{agent_id}',
  '%2e%2e%2fx',
  "x'; DROP TABLE task_executions; --",
  '$(touch pwned)',
  '__proto__',
  'constructor',
];

/** Everything below `root` with its kind, whatever SQLite keeps beside a database left out. */
const everything = (root: string): string[] =>
  (readdirSync(root, { recursive: true }) as string[]).filter((name) => !/-(?:wal|shm|journal)$/.test(name)).sort();

test('an agent id from the wire names a file in the folder and nowhere else, each its own', async () => {
  const root = scratchFolder();
  // So deep that the ways up in the ids end within what is looked at.
  const folder = join(root, '1/2/3/4/5/agents');
  const passwd = statSync('/etc/passwd').mtimeMs;
  const serve = await ServeProcess.start({ folder });
  onTestFinished(() => serve.kill());
  const sender = new HttpSender(serve.url);
  const now = Date.now();
  for (const [i, id] of HOSTILE.entries()) {
    const body = requestOf([taskSpan(`run-${i}`, { trace: i, span: i, startMs: now })], { 'agent.id': id });
    const { status, body: answer } = await sender.post('/v1/traces', body, JSON_TYPE);
    expect([i, status, answer.toString()]).toEqual([i, 200, expect.any(String)]);
  }
  sender.close();
  expect(await serve.stop()).toBe(0);

  const files = everything(root).filter((name) => name.endsWith('.db') && statSync(join(root, name)).isFile());
  const agents = files.filter((name) => !/\/\.[^/]*$/.test(name));
  expect(new Set(agents.map((name) => dirname(name)))).toEqual(new Set(['1/2/3/4/5/agents']));
  expect(statSync('/etc/passwd').mtimeMs).toBe(passwd);
  // What else lies there is ours and hidden.
  const strangers = everything(folder).filter(
    (name) => !name.split('/')[0]?.startsWith('.') && !files.includes(`1/2/3/4/5/agents/${name}`),
  );
  expect(strangers).toEqual([]);

  const ids = agents.map((name) => {
    const stated = column(join(root, name), 'SELECT DISTINCT agent_id FROM task_executions') as string[];
    expect([name, stated.length]).toEqual([name, 1]);
    return stated[0] as string;
  });
  // What is longer than an attribute may be is its beginning and a digest of the whole, the same at every door.
  expect(new Set(ids)).toEqual(new Set(HOSTILE.map(boundedText)));
  expect(ids).toHaveLength(HOSTILE.length);
  expect(new Set(agents.map((name) => name.normalize('NFKC').toLowerCase())).size).toBe(HOSTILE.length);
  expect(serve.output).not.toContain('\u001b[2J');
});
