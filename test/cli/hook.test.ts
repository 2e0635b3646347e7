import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readHookInput } from '../../src/cli/hook-input.ts';
import { readRecordFile } from '../../src/spool/read-record.ts';
import { refusals } from '../../src/spool/refusals.ts';
import { recordNames } from '../../src/spool/write-record.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { aiTracker } from './command.ts';

const SILENT = { code: 0, stdout: '', stderr: '' };
const EVENT = JSON.stringify({ session_id: 's', hook_event_name: 'PostToolUse', tool_name: 'Read', tool_use_id: 't' });
const spoolIn = (home: string): string => join(home, '.config', 'ai-tracker', 'spool');

function spooled(folder: string) {
  return recordNames(folder).map((name) => {
    const reading = readRecordFile(folder, name);
    if (reading.what !== 'record' || reading.record.kind !== 'hook') throw new Error(JSON.stringify(reading));
    return reading.record;
  });
}

/** Stands for `ai-tracker serve`: records what it is sent and answers as it is told, or never. */
async function receiver(status: number | null) {
  const sent: { url: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      sent.push({ url: request.url, headers: request.headers, body });
      if (status !== null) response.writeHead(status).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { sent, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('ai-tracker hook claude', () => {
  test('spools the event with its surroundings, readable by its owner only, and prints nothing', async () => {
    const home = scratchFolder();
    const env = {
      AGENT_ID: 'w-1',
      AI_TRACKER_TASK_ID: 't-1',
      TRACEPARENT: '00-a-b-01',
      ANTHROPIC_API_KEY: 'sk-canary',
      TOKEN: 'canary',
    };
    const before = Date.now();
    expect(await aiTracker(['hook', 'claude'], { home, env, input: EVENT })).toEqual(SILENT);
    const folder = spoolIn(home);
    const [name = ''] = recordNames(folder);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, name), 'utf8')).not.toContain('canary');
    const [record] = spooled(folder);
    expect(record).toMatchObject({
      ...{ source: 'claude', payload: EVENT, home, target: { agentId: 'w-1' } },
      context: { taskId: 't-1', traceparent: '00-a-b-01' },
      place: { cwd: process.cwd(), git: { top: process.cwd(), headSha: expect.stringMatching(/^[0-9a-f]{40}$/) as string } },
    });
    expect(record?.receivedMs).toBeGreaterThanOrEqual(before);
    expect(record?.receivedMs).toBeLessThanOrEqual(Date.now());
  });

  test('spools beside the database that is named', async () => {
    const home = scratchFolder();
    const env = { AI_TRACKER_DB_PATH: join(home, 'data', 'x.db') };
    expect(await aiTracker(['hook', 'claude'], { home, env, input: EVENT })).toEqual(SILENT);
    expect(spooled(join(home, 'data', '.spool'))).toMatchObject([{ target: { dbPath: join(home, 'data', 'x.db') } }]);
  });

  test.each([
    ['nothing', ''],
    ['garbage', 'not json \u0000\u001b[31m'],
    ['half an event', EVENT.slice(0, 40)],
    ['a list', '[]'],
  ])('takes %s without a word, and counts it', async (_, input) => {
    const home = scratchFolder();
    expect(await aiTracker(['hook', 'claude'], { home, input })).toEqual(SILENT);
    const folder = spoolIn(home);
    expect([recordNames(folder), refusals(folder, 'unreadable')]).toEqual([[], 1]);
  });

  test.each(['UserPromptSubmit', 'Notification', 'BrainTransplant'])(
    'keeps nothing of %s, of which no row is made',
    async (name) => {
      const home = scratchFolder();
      const input = JSON.stringify({ session_id: 's', hook_event_name: name, prompt: 'a secret plan' });
      expect(await aiTracker(['hook', 'claude'], { home, input })).toEqual(SILENT);
      expect(existsSync(spoolIn(home))).toBe(false);
    },
  );

  test('keeps nothing where recording is disabled', async () => {
    const home = scratchFolder();
    expect(await aiTracker(['hook', 'claude'], { home, env: { AI_TRACKER_DISABLED: '1' }, input: EVENT })).toEqual(SILENT);
    expect(readdirSync(home)).toEqual([]);
  });

  test('says nothing of settings that it cannot read, nor of a home where nothing can be written', async () => {
    const home = scratchFolder();
    expect(await aiTracker(['hook', 'claude'], { home, env: { AI_TRACKER_MAX_MB: 'lots' }, input: EVENT })).toEqual(SILENT);
    expect(spooled(spoolIn(home))).toHaveLength(1);
    writeFileSync(join(home, 'file'), '');
    expect(await aiTracker(['hook', 'claude'], { home: join(home, 'file'), input: EVENT })).toEqual(SILENT);
    expect(await aiTracker(['hook', 'claude'], { home: '', env: { HOME: '/proc/nope' }, input: EVENT })).toEqual(SILENT);
  });

  test('refuses and counts what a full spool cannot hold', async () => {
    const home = scratchFolder();
    const folder = spoolIn(home);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.hook'), Buffer.alloc(2_000_000));
    writeFileSync(join(folder, '.full'), '');
    expect(await aiTracker(['hook', 'claude'], { home, env: { AI_TRACKER_SPOOL_MAX_MB: '1' }, input: EVENT })).toEqual(SILENT);
    expect([recordNames(folder), refusals(folder, 'refused')]).toEqual([['a.hook'], 1]);
  });

  test('takes an event of megabytes whole', async () => {
    const home = scratchFolder();
    const content = 'line of text\n'.repeat(300_000);
    const input = JSON.stringify({
      session_id: 's',
      hook_event_name: 'PostToolUse',
      tool_name: 'Write',
      tool_input: { content },
    });
    expect(await aiTracker(['hook', 'claude'], { home, input })).toEqual(SILENT);
    expect(spooled(spoolIn(home))[0]?.payload).toBe(input);
  });

  test('loses none of twenty at once on a machine without any folder of ours', async () => {
    const home = scratchFolder();
    const runs = Array.from({ length: 20 }, (_, i) =>
      aiTracker(['hook', 'claude'], { home, input: EVENT.replace('"t"', `"t${i}"`) }),
    );
    for (const result of await Promise.all(runs)) expect(result).toEqual(SILENT);
    expect(new Set(spooled(spoolIn(home)).map(({ payload }) => payload)).size).toBe(20);
  });

  test('ends although its stdin goes on: it waits for no more than its limit', async () => {
    const open = new PassThrough();
    open.write('{');
    expect(await readHookInput(open, 100, 20)).toEqual({ status: 'too slow' });
    const large = new PassThrough();
    large.end(Buffer.alloc(101));
    expect(await readHookInput(large, 100, 10_000)).toEqual({ status: 'too large' });
  });

  test('loads neither SQLite nor the rest of the command line', async () => {
    const home = scratchFolder();
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const script = `import { registerHooks } from 'node:module'; const seen = [];
      registerHooks({ load(url, context, next) { seen.push(url); return next(url, context); } });
      process.argv = [process.argv[0], ${JSON.stringify(main)}, 'hook', 'claude'];
      await import(${JSON.stringify(main)}); console.log(seen.join('\\n'));`;
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { env: { HOME: home } });
    let loaded = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (loaded += text));
    child.stdin.end(EVENT);
    await once(child, 'close');
    expect(loaded).toContain('claude-hook.ts');
    expect(
      loaded.split('\n').filter((url) => /better-sqlite3|kysely|cli\/run\.ts|src\/(store|ingest|receiver|dialect)\//.test(url)),
    ).toEqual([]);
    expect(spooled(spoolIn(home))).toHaveLength(1);
  });
});

describe('ai-tracker hook claude with a receiver', () => {
  const run = (endpoint: string, home: string) =>
    aiTracker(['hook', 'claude'], {
      home,
      env: {
        ...{ AI_TRACKER_ENDPOINT: endpoint, AI_TRACKER_TOKEN: 'sesame', AGENT_ID: 'wörker', AGENT_SWARM_TASK_ID: 't-1' },
        TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      input: EVENT,
    });

  test('sends it the event with token and surroundings, and spools nothing', async () => {
    const home = scratchFolder();
    const { sent, url } = await receiver(200);
    expect(await run(`${url}/`, home)).toEqual(SILENT);
    expect(sent).toMatchObject([
      {
        ...{ url: '/v1/hooks/claude-code', body: EVENT },
        headers: {
          ...{ 'content-type': 'application/json', authorization: 'Bearer sesame', 'x-ai-tracker-task-id': 'agent-swarm:t-1' },
          'x-ai-tracker-agent-id': Buffer.from('wörker').toString('latin1'),
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        },
      },
    ]);
    expect(existsSync(spoolIn(home))).toBe(false);
  });

  test.each([401, 400, 503, 204])('spools what it answers with %i', async (status) => {
    const home = scratchFolder();
    const { sent, url } = await receiver(status);
    expect(await run(url, home)).toEqual(SILENT);
    expect([sent.length, spooled(spoolIn(home)).length]).toEqual([1, 1]);
    expect(readFileSync(join(spoolIn(home), recordNames(spoolIn(home))[0] ?? ''), 'utf8')).not.toContain('sesame');
  });

  test.each(['http://127.0.0.1:1', 'not a url', 'ftp://127.0.0.1/', 'file:///etc/passwd'])(
    'spools where %s takes nothing',
    async (endpoint) => {
      const home = scratchFolder();
      expect(await run(endpoint, home)).toEqual(SILENT);
      expect(spooled(spoolIn(home))).toHaveLength(1);
    },
  );

  test('spools what it does not answer within two seconds', async () => {
    const home = scratchFolder();
    const { sent, url } = await receiver(null);
    expect(await run(url, home)).toEqual(SILENT);
    expect([sent.length, spooled(spoolIn(home)).length]).toEqual([1, 1]);
  });
});

describe('ai-tracker hook', () => {
  test.each([
    ['without a source', ['hook']],
    ['with one that there is not', ['hook', 'frobnicate']],
  ])('%s is wrong use, and says how it is used', async (_, args) => {
    const { code, stdout, stderr } = await aiTracker(args, { home: scratchFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: ai-tracker hook');
  });

  test('drain says nothing where there is nothing to do, nor where a folder cannot be read', async () => {
    const home = scratchFolder();
    expect(await aiTracker(['hook', 'drain'], { home })).toEqual(SILENT);
    mkdirSync(spoolIn(home), { recursive: true });
    chmodSync(spoolIn(home), 0);
    expect(await aiTracker(['hook', 'drain'], { home })).toEqual(SILENT);
    chmodSync(spoolIn(home), 0o700);
  });
});
