import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServiceHealth } from '../../src/receiver/service-health.ts';
import { openForWriting } from '../../src/store/open.ts';
import { countOf, until } from '../support/agent-rows.ts';
import { freePort, says, targetServer } from '../support/forward-target.ts';
import { closedMigrations } from '../support/future-schema.ts';
import { otlpJson } from '../support/otlp-request.ts';
import { HttpSender, JSON_TYPE } from '../support/post.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { type ServeOptions, ServeProcess } from '../support/serve-process.ts';
import { taskSpan } from '../support/span-makers.ts';
import { aiTracker } from './command.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

async function serveIn(folder: string, options: Omit<ServeOptions, 'folder'> = {}): Promise<ServeProcess> {
  const serve = await ServeProcess.start({ folder, ...options });
  onTestFinished(() => serve.kill());
  return serve;
}

const bodyOf = (agent: string, ...tasks: number[]): string =>
  otlpJson(tasks.map((n) => taskSpan(`t${n}`, { trace: n, span: n, resource: { 'agent.id': agent } })));

const post = async (
  { url }: { readonly url: string },
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const sender = new HttpSender(url);
  try {
    return (await sender.post('/v1/traces', body, JSON_TYPE, headers)).status;
  } finally {
    sender.close();
  }
};

const healthOf = async ({ url }: { readonly url: string }): Promise<{ status: number; health: ServiceHealth }> => {
  const response = await fetch(`${url}/healthz`);
  return { status: response.status, health: (await response.json()) as ServiceHealth };
};

async function untilAsync(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A service that fails to start: what it says and its exit code. */
const failing = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  aiTracker(['serve', ...args], { home: scratchFolder(), env });

describe('ai-tracker serve', () => {
  test('says in one line where it listens, where rows go and that nothing is forwarded; then what came', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    expect(serve.output).toMatch(/^ai-tracker \d+\.\d+\.\d+ listens on http:\/\/127\.0\.0\.1:\d+; rows go to \S+; no forward\n$/);
    expect(serve.output).toContain(folder);
    expect(await post(serve, bodyOf('a', 1, 2))).toBe(200);
    await until('a line tells', () => serve.output.split('\n').length > 2);
    expect(serve.output.split('\n')[1]).toMatch(/^\d\d:\d\d:\d\dZ 1 request, 2 spans stored$/);
  });

  test('names the folder that really takes the rows where that of AI_TRACKER_SHARED_DIR does not', async () => {
    const folder = scratchFolder();
    const wanted = join(folder, 'taken');
    writeFileSync(wanted, '');
    const serve = await serveIn(folder, { isPlaceInEnv: true, env: { AI_TRACKER_SHARED_DIR: wanted } });
    const home = join(folder, '.config/ai-tracker/agents');
    expect(serve.output).toContain(`; they go to ${home}. Check owner and mode`);
    expect(serve.output).toContain(`rows go to ${home}; no forward`);
    expect(await post(serve, bodyOf('a', 1))).toBe(200);
    expect(existsSync(join(home, 'a.db'))).toBe(true);
  });

  test('does not call stored what no table has', async () => {
    const serve = await serveIn(scratchFolder());
    const unknown = taskSpan('t2', { trace: 2, span: 2, resource: { 'agent.id': 'a' } });
    expect(await post(serve, otlpJson([{ ...unknown, name: 'render', attributes: {} }]))).toBe(200);
    await until('a line tells', () => serve.output.split('\n').length > 2);
    expect(serve.output.split('\n')[1]).toMatch(/ 1 request, 0 spans stored, 1 ignored$/);
  });

  test.each(['nobody reads', 'lies on a full disk'])(
    'goes on where its log %s',
    { skip: !existsSync('/dev/full') },
    async (what) => {
      const isFull = what !== 'nobody reads';
      const folder = scratchFolder();
      const port = await freePort();
      const log = isFull ? openSync('/dev/full', 'w') : 'pipe';
      // Nobody can read the log, so what it tries to say is noted on the way there.
      const said = join(folder, 'said');
      const noting = `import { appendFileSync } from 'node:fs';
        const write = process.stdout.write;
        process.stdout.write = function (text, ...rest) {
          appendFileSync(${JSON.stringify(said)}, text);
          return write.call(this, text, ...rest);
        };`;
      const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(noting)}`];
      const child = spawn(process.execPath, [...nodeArgs, MAIN, 'serve', '--port', String(port), '--dir', folder], {
        env: { PATH: process.env['PATH'], HOME: folder },
        stdio: ['ignore', log, log],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      child.stdout?.destroy();
      child.stderr?.destroy();
      const url = `http://127.0.0.1:${port}`;
      await untilAsync('it listens', () =>
        fetch(`${url}/livez`).then(
          () => true,
          () => false,
        ),
      );
      expect(await post({ url }, bodyOf('a', 1))).toBe(200);
      await until('its line of counts', () => readFileSync(said, 'utf8').includes('1 span stored'));
      expect(await post({ url }, bodyOf('a', 2))).toBe(200);
      child.kill('SIGTERM');
      expect((await once(child, 'close'))[0]).toBe(0);
    },
  );

  test('has on disk what it answered with 200 when it is killed in that moment', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    expect(await post(serve, bodyOf('a', 1, 2, 3))).toBe(200);
    await serve.kill();
    expect(countOf(join(folder, 'a.db'), 'task_executions', "status = 'completed'")).toBe(3);
  });

  test('makes no second row of a batch that comes again, whole or in parts, by two senders', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    const bodies = [bodyOf('a', 1, 2, 3), bodyOf('a', 1, 2, 3), bodyOf('a', 1), bodyOf('a', 2, 3), bodyOf('a', 3, 4)];
    expect(await Promise.all(bodies.map((body) => post(serve, body)))).toEqual([200, 200, 200, 200, 200]);
    expect(countOf(join(folder, 'a.db'), 'task_executions')).toBe(4);
    await untilAsync('the books balance', async () => {
      const { health } = await healthOf(serve);
      return health.books['hatchet']?.seen === 11 && health.books['hatchet'].recorded === 4 && health.status === 'green';
    });
  });

  test('answers other agents while the file of one is locked', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    await post(serve, bodyOf('a', 1));
    const locker = new Database(join(folder, 'a.db'));
    locker.exec('BEGIN IMMEDIATE');
    try {
      const locked = post(serve, bodyOf('a', 2));
      expect(await Promise.all([3, 4, 5].map((n) => post(serve, bodyOf(`b${n}`, n))))).toEqual([200, 200, 200]);
      expect(await locked).toBe(503);
    } finally {
      locker.exec('ROLLBACK');
      locker.close();
    }
    expect(await post(serve, bodyOf('a', 2))).toBe(200);
    expect(countOf(join(folder, 'a.db'), 'task_executions')).toBe(2);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('on %s answers what is in flight, and exits with 0', async (signal) => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    await post(serve, bodyOf('a', 1));
    const locker = new Database(join(folder, 'a.db'));
    locker.exec('BEGIN IMMEDIATE');
    const inFlight = [post(serve, bodyOf('a', 2)), post(serve, bodyOf('a', 3))];
    await untilAsync('both wait', async () => (await healthOf(serve)).health.waiting.requests === 2);
    serve.child.kill(signal);
    await until('it says so', () => serve.output.includes(`${signal}: answering 2 requests in flight`));
    locker.exec('ROLLBACK');
    locker.close();
    // Written, or asked to come again: the lock may outlive their patience on a busy machine. Never left without an answer.
    const answers = await Promise.all(inFlight);
    await once(serve.child, 'close');
    expect(serve.child.exitCode).toBe(0);
    expect(countOf(join(folder, 'a.db'), 'task_executions')).toBe(1 + answers.filter((status) => status === 200).length);
    for (const status of answers) expect([200, 503]).toContain(status);
    expect(serve.output).toMatch(/stopped; since the start 3 requests/);
  });

  test('exits with 0 on a signal that comes as it begins to listen', async () => {
    const signalled = `import { Server } from 'node:net';
      const { listen } = Server.prototype;
      Server.prototype.listen = function (...given) {
        process.kill(process.pid, 'SIGTERM');
        return listen.apply(this, given);
      };`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(signalled)}`];
    const serve = await serveIn(scratchFolder(), { nodeArgs });
    await until('it has left', () => !serve.isRunning);
    expect(serve.child.exitCode).toBe(0);
    expect(serve.output).toContain('SIGTERM');
  });

  test('ends at once on a second signal', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    await post(serve, bodyOf('a', 1));
    const locker = new Database(join(folder, 'a.db'));
    locker.exec('BEGIN IMMEDIATE');
    onTestFinished(() => void locker.close());
    const left = post(serve, bodyOf('a', 2)).catch((error: NodeJS.ErrnoException) => error.code);
    await untilAsync('it waits', async () => (await healthOf(serve)).health.waiting.requests === 1);
    serve.child.kill('SIGTERM');
    await until('it says so', () => serve.output.includes('once more ends at once'));
    serve.child.kill('SIGTERM');
    await once(serve.child, 'close');
    expect(serve.child.signalCode).toBe('SIGTERM');
    expect([503, 'ECONNRESET']).toContain(await left);
  });

  test('with --json says everything as one object a line', async () => {
    const serve = await serveIn(scratchFolder(), { args: ['--json', '--agent', 'w1'] });
    expect(await post(serve, bodyOf('a', 1))).toBe(200);
    await until('counts', () => serve.output.includes('"counts"'));
    expect(await serve.stop()).toBe(0);
    const events = serve.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(['listening', 'counts', 'stopping', 'stopped']);
    expect(events[0]).toMatchObject({ url: serve.url, pid: serve.pid, agent_id: 'w1', forwards: [] });
    expect(events[3]).toMatchObject({ requests: 1, stored: 1 });
  });

  test('with --quiet --json says only what is wrong, and that it is over, as JSON', async () => {
    const folder = scratchFolder();
    const port = await freePort();
    const child = spawn(process.execPath, [MAIN, 'serve', '--port', String(port), '--dir', folder, '--quiet', '--json'], {
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
    const url = `http://127.0.0.1:${port}`;
    await untilAsync('it listens', () =>
      fetch(`${url}/livez`).then(
        () => true,
        () => false,
      ),
    );
    const damaged = join(folder, 'a.db');
    writeFileSync(damaged, 'my notes');
    expect(await post({ url }, bodyOf('a', 1))).toBe(503);
    await until('the trouble is said', () => said.includes('"finding"'));
    renameSync(damaged, `${damaged}.bad`);
    expect(await post({ url }, bodyOf('a', 1))).toBe(200);
    await until('its end is said', () => said.includes('"finding_over"'));
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[0]).toBe(0);
    const events = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toMatchObject([
      { event: 'finding', level: 'red', code: 'write-failed' },
      { event: 'finding_over', code: 'write-failed' },
    ]);
  });

  test('says of requests that hold no spans what came', async () => {
    const serve = await serveIn(scratchFolder());
    const send = async (path: string, body: string): Promise<number> => {
      const response = await fetch(`${serve.url}${path}`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
      });
      return response.status;
    };
    const hook = JSON.stringify({ hook_event_name: 'PostToolUse', session_id: 's', tool_name: 'Read', tool_input: {} });
    expect(await send('/v1/metrics', '{}')).toBe(200);
    expect(await send('/v1/metrics', '{}')).toBe(200);
    expect(await send('/v1/hooks/claude-code', hook)).toBe(200);
    expect(await serve.stop()).toBe(0);
    expect(serve.output).toMatch(/since the start 3 requests, 2 of metrics, 1 of hooks, 1 hook event\n/);
  });

  test('gives everything to the agent of --agent, and reads no AGENT_ID of its own', async () => {
    const folder = scratchFolder();
    const named = await serveIn(folder, { args: ['--agent', 'all'], env: { AGENT_ID: 'the-receiver' } });
    await post(named, bodyOf('a', 1));
    await named.stop();
    expect(countOf(join(folder, 'all.db'), 'task_executions')).toBe(1);
    const unnamed = await serveIn(folder, { env: { AGENT_ID: 'the-receiver' } });
    await post(unnamed, otlpJson([taskSpan('t2', { trace: 2, span: 2 })]));
    await unnamed.stop();
    expect(existsSync(join(folder, 'the-receiver.db'))).toBe(false);
  });
});

describe('ai-tracker serve does not start', () => {
  test('where another one listens, and says which', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    const { code, stderr, stdout } = await failing(['--port', String(serve.port), '--dir', folder]);
    expect(stderr).toMatch(
      new RegExp(`port ${serve.port}: another \`ai-tracker serve\` \\(version [\\d.]+, process ${serve.pid}\\) listens there`),
    );
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  test.runIf(process.platform === 'linux')('where something else listens, and says which process', async () => {
    const server: Server = createServer((_, response) => response.end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await failing(['--port', String(port)]);
    expect(stderr).toContain(`port ${port}: process ${process.pid} (`);
    expect(code).toBe(3);
  });

  test('on an address that others reach without a token', async () => {
    const { code, stderr } = await failing(['--host', '0.0.0.0', '--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toContain('--token');
  });

  test.each([
    [['--port', '99999'], {}, '--port="99999" is not a port'],
    [['--port', 'http'], {}, '--port="http" is not a port'],
    [[], { AI_TRACKER_PORT: '4318x' }, 'AI_TRACKER_PORT="4318x" is not a port'],
    [[], { AI_TRACKER_JOURNAL: 'foo' }, 'AI_TRACKER_JOURNAL="foo" is not one of'],
    [[], { AI_TRACKER_BODY_MAX_MB: 'much' }, 'AI_TRACKER_BODY_MAX_MB="much" is not a number'],
    [[], { AI_TRACKER_REQUESTS_MAX: '0' }, 'AI_TRACKER_REQUESTS_MAX is 0, so that no request could be taken'],
    [[], { AI_TRACKER_FORWARD_HOURS: '0' }, 'AI_TRACKER_FORWARD_HOURS is 0, so that no request could be passed on'],
    [[], { AI_TRACKER_UNPACKED_MAX_MB: '300' }, 'AI_TRACKER_MEMORY_MAX_MB is 256, less than one body may take'],
    [[], { AI_TRACKER_DISABLED: '1' }, 'AI_TRACKER_DISABLED is set'],
    [['--forward', 'ftp://there'], {}, 'ftp:'],
    [['--port', '4999', '--forward', 'http://localhost:4999'], {}, 'this receiver itself'],
    [['--token-file', '/nowhere/token'], {}, 'cannot read the token from /nowhere/token'],
    [['--token', 'a', '--token-file', 'b'], {}, '--token or --token-file, not both'],
    [['--allow-host', 'a/b', '--port', '0'], {}, 'a/b'],
    [['--host', 'no-such-name.invalid', '--port', '0'], {}, 'no-such-name.invalid'],
  ])('with %j and %j, and says what is wrong', async (args, env, said) => {
    const { code, stderr } = await failing(args, env);
    expect(stderr).toContain(said);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(code).toBe(2);
  });

  test('where the folder cannot hold rows', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), '');
    const { code, stderr } = await failing(['--port', '0', '--dir', join(folder, 'file')]);
    expect(code).toBe(3);
    expect(stderr).toContain('cannot hold the rows');
  });

  const text = (): string => {
    const path = join(scratchFolder(), 'rows.db');
    writeFileSync(path, 'my notes');
    return path;
  };

  test.each([
    ['--db', 'a text', text],
    ['--db', 'a device', () => '/dev/null'],
    ['--db', 'a file below a file', () => join(text(), 'rows.db')],
    ['--db', 'a file where the kernel refuses', () => '/proc/ai-tracker/rows.db'],
    ['AI_TRACKER_DB_PATH', 'a text', text],
    ['AI_TRACKER_DB_PATH', 'a device', () => '/dev/null'],
  ])('where %s names %s', async (named, _what, place) => {
    const path = place();
    const { code, stderr } = await (named === '--db'
      ? failing(['--port', '0', '--db', path])
      : failing(['--port', '0'], { AI_TRACKER_DB_PATH: path }));
    expect(stderr).toContain(`${named} ${path} cannot hold the rows: `);
    expect(stderr).toContain('name another');
    expect(code).toBe(3);
  });

  const laterSchema = (): string => {
    const path = join(scratchFolder(), 'rows.db');
    openForWriting(path, { busyTimeoutMs: 0, migrations: closedMigrations('min_writer') }).close();
    return path;
  };
  const damaged = (): string => {
    const path = join(scratchFolder(), 'rows.db');
    openForWriting(path, { busyTimeoutMs: 0 }).close();
    writeFileSync(path, Buffer.from(readFileSync(path)).fill(0x5a, 100, 4096));
    return path;
  };

  test.each([
    ['--db', 'of a later schema that shuts this one out', laterSchema, 'upgrade'],
    ['AI_TRACKER_DB_PATH', 'of a later schema that shuts this one out', laterSchema, 'upgrade'],
    ['--db', 'that is damaged', damaged, 'move it aside'],
    ['AI_TRACKER_DB_PATH', 'that is damaged', damaged, 'move it aside'],
  ])('where %s names a file %s, and leaves it as it was', async (named, _what, make, next) => {
    const path = make();
    const before = readFileSync(path);
    const { code, stderr } = await (named === '--db'
      ? failing(['--port', '0', '--db', path])
      : failing(['--port', '0'], { AI_TRACKER_DB_PATH: path }));
    expect(stderr).toContain(`${named} ${path} cannot hold the rows: `);
    expect(stderr).toContain(next);
    expect(code).toBe(3);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('where the token’s file is a pipe, a device, or holds more than a token, and waits for none of them', async () => {
    const folder = scratchFolder();
    const [pipe, large] = [join(folder, 'pipe'), join(folder, 'large')];
    spawnSync('mkfifo', [pipe]);
    writeFileSync(large, 'x'.repeat(4097));
    for (const [file, said] of [
      [pipe, 'it is no plain file; write the token into one'],
      ['/dev/zero', 'it is no plain file'],
      [folder, 'it is no plain file'],
      [large, 'more than 4096 bytes'],
    ] as const) {
      const { code, stderr } = await failing(['--port', '0', '--token-file', file]);
      expect(stderr).toContain(`cannot read the token from ${file} (--token-file): `);
      expect(stderr).toContain(said);
      expect(code).toBe(2);
    }
  });
});

describe('what is to be forwarded', () => {
  test('is named at the start, and told as waiting when a later start has no target for it', async () => {
    const folder = scratchFolder();
    const forwarding = await serveIn(folder, { args: ['--forward', 'http://127.0.0.1:9'] });
    expect(forwarding.output).toContain('; forwards traces, logs, metrics to http://127.0.0.1:9\n');
    expect(await post(forwarding, bodyOf('a', 1))).toBe(200);
    expect((await healthOf(forwarding)).health.forward?.waiting.requests).toBe(1);
    await until('the trouble is said', () => /amber \(forward\): .*ECONNREFUSED/.test(forwarding.output));
    await forwarding.stop();
    const without = await serveIn(folder);
    const { status, health } = await healthOf(without);
    expect(status).toBe(200);
    expect(health.findings).toMatchObject([
      { level: 'amber', code: 'forward', message: expect.stringContaining('1 request waits') },
    ]);
  });
});

test('what a forward target takes and throws away is counted: on its pages, and in the line of counts', async () => {
  const target = await targetServer();
  target.answer = says(200, '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}', {
    'content-type': 'application/json',
  });
  const serve = await serveIn(scratchFolder(), { args: ['--forward', String(target.url(''))] });
  expect(await post(serve, bodyOf('a', 1))).toBe(200);
  await untilAsync('the target was asked', async () => (await healthOf(serve)).health.forward?.forwarded === 1);
  const { status, health } = await healthOf(serve);
  expect([status, health.status, health.forward?.rejected]).toEqual([200, 'amber', { traces: 3 }]);
  expect(health.findings).toMatchObject([
    { level: 'amber', code: 'forward-rejected', message: expect.stringContaining('3 spans; last: ') },
  ]);
  const page = await (await fetch(`${serve.url}/metrics`)).text();
  expect(page).toContain('ai_tracker_forward_rejected_total{signal="traces"} 3');
  await serve.stop();
  expect(serve.output).toMatch(/since the start .*, 1 forwarded, 3 rejected by the forward target\n/);
});

describe('the token of a receiver', () => {
  test.each([
    ['--token-file', (file: string) => ({ args: ['--token-file', file] })],
    ['AI_TRACKER_TOKEN_FILE', (file: string) => ({ env: { AI_TRACKER_TOKEN_FILE: file } })],
    ['AI_TRACKER_TOKEN', () => ({ env: { AI_TRACKER_TOKEN: 's3cret-token' } })],
  ])('is read from %s, asked for, and never shown', async (_from, options) => {
    const folder = scratchFolder();
    const file = join(folder, 'token');
    writeFileSync(file, 's3cret-token\n');
    const serve = await serveIn(folder, options(file));
    expect(await post(serve, bodyOf('a', 1))).toBe(401);
    expect(await post(serve, bodyOf('a', 1), { authorization: 'Bearer s3cret-token' })).toBe(200);
    const pages = await Promise.all(
      ['livez', 'healthz', 'metrics'].map(async (page) => (await fetch(`${serve.url}/${page}`)).text()),
    );
    expect(pages[0]).toBe('ok\n');
    expect(`${pages.join('')}${serve.output}`).not.toContain('s3cret');
  });
});

describe('the pages of a receiver', () => {
  test('/metrics is what Prometheus reads: the spans by dialect and fate, the requests by route and status', async () => {
    const serve = await serveIn(scratchFolder());
    await post(serve, bodyOf('a', 1, 2));
    await post(serve, bodyOf('a', 2));
    await post(serve, '{"resourceSpans": 1}');
    const page = async (): Promise<string> => (await fetch(`${serve.url}/metrics`)).text();
    await untilAsync('the spans are counted', async () => (await page()).includes('fate="recorded",reason=""} 2'));
    const response = await fetch(`${serve.url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const lines = (await response.text()).trimEnd().split('\n');
    const SAMPLE = /^[a-z_][a-z0-9_]*(\{([a-z_]+="[^"\\\n]*",?)*\})? (NaN|[+-]?Inf|-?[\d.]+(e[+-]?\d+)?)$/;
    const broken = lines.filter((line) => line !== '' && !/^# (HELP|TYPE) \w+ ./.test(line) && !SAMPLE.test(line));
    expect(broken).toEqual([]);
    for (const wanted of [
      'ai_tracker_spans_total{dialect="hatchet",fate="recorded",reason=""} 2',
      'ai_tracker_spans_total{dialect="hatchet",fate="repeated",reason=""} 1',
      'ai_tracker_requests_total{route="/v1/traces",status="200"} 2',
      'ai_tracker_requests_total{route="/v1/traces",status="400"} 1',
      'ai_tracker_request_duration_seconds_count{route="/v1/traces"} 3',
      'ai_tracker_files_open 1',
      'ai_tracker_health 0',
      'ai_tracker_ready 1',
    ]) {
      expect(lines).toContain(wanted);
    }
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true);
  });

  test('/healthz is 503 while a file cannot be written, says why, and is 200 when it can be again', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    await post(serve, bodyOf('a', 1));
    expect((await healthOf(serve)).status).toBe(200);
    writeFileSync(join(folder, 'b.db'), 'this is no database, however long it may be'.repeat(100));
    expect(await post(serve, bodyOf('b', 2))).toBe(503);
    await untilAsync('red', async () => (await healthOf(serve)).status === 503);
    const { health } = await healthOf(serve);
    expect(health).toMatchObject({ status: 'red', ready: false });
    expect(health.findings).toMatchObject([{ level: 'red', code: 'write-failed', message: expect.stringContaining('b.db') }]);
    await until('it is said', () => /red \(write-failed\): .*b\.db/.test(serve.output));
    spawnSync('rm', [join(folder, 'b.db')]);
    expect(await post(serve, bodyOf('b', 2))).toBe(200);
    await untilAsync('green', async () => (await healthOf(serve)).status === 200);
    await until('that is said too', () => serve.output.includes('over: write-failed'));
  });

  test('/livez answers with all the others', async () => {
    const serve = await serveIn(scratchFolder());
    const response = await fetch(`${serve.url}/livez`);
    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
  });
});

/** A running process's limits are set by a tool of util-linux. */
const canLimit = spawnSync('prlimit', ['--version']).status === 0;

describe('what cannot be stored now is answered with what to do', () => {
  const refusal = async ({ url }: ServeProcess, body: string): Promise<string> => {
    const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(response.status).toBe(503);
    return ((await response.json()) as { message: string }).message;
  };
  const nameless = otlpJson([taskSpan('t1', { trace: 1, span: 1 })]);

  test.each([
    ['that is no database', (path: string) => writeFileSync(path, 'my notes')],
    [
      'that is damaged',
      (path: string) => {
        openForWriting(path, { busyTimeoutMs: 0 }).close();
        writeFileSync(path, Buffer.from(readFileSync(path)).fill(0x5a, 100, 4096));
      },
    ],
  ])('by a holding file %s: it is to be moved aside, and then the rows come in', async (_what, damage) => {
    const folder = scratchFolder();
    const serve = await serveIn(folder, { env: { AI_TRACKER_WRITER_ID: 'w' } });
    const holding = join(folder, '.holding-w.db');
    damage(holding);
    const message = await refusal(serve, nameless);
    expect(message).toContain(holding);
    expect(message).toMatch(/move it aside/i);
    renameSync(holding, `${holding}.bad`);
    expect(await post(serve, nameless)).toBe(200);
  });

  test.runIf(canLimit)('by too many open files: how to allow more', async () => {
    const folder = scratchFolder();
    const serve = await serveIn(folder);
    const limit = readdirSync(`/proc/${serve.pid}/fd`).length + 20;
    expect(spawnSync('prlimit', [`--nofile=${limit}:${limit}`, '--pid', String(serve.pid)]).status).toBe(0);
    const agents = Array.from({ length: 40 }, (_, n) =>
      taskSpan(`t${n}`, { trace: n + 1, span: 1, resource: { 'agent.id': `agent-${n}` } }),
    );
    const message = await refusal(serve, otlpJson(agents));
    expect(message).toContain('Too many files are open');
    expect(message).toContain('ulimit -n');
  });
});

/** A full disk is made by a small tmpfs; that takes root. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe('a disk that is full', () => {
  test.runIf(canMount)('is answered with 503, and nothing that got a 200 is missing', async (context) => {
    const folder = scratchFolder();
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', disk]).status !== 0)
      context.skip('mount is not permitted here');
    let stored = 0;
    try {
      const serve = await ServeProcess.start({ folder: disk, env: { HOME: folder } });
      try {
        let status = 200;
        for (let n = 0; status === 200 && n < 400; n++) {
          status = await post(serve, bodyOf('a', ...Array.from({ length: 50 }, (_, i) => 1 + n * 50 + i)));
          if (status === 200) stored += 50;
        }
        expect(status).toBe(503);
        await untilAsync('red', async () => (await healthOf(serve)).status === 503);
        expect(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status).toBe(0);
        expect(await post(serve, bodyOf('a', 999_999))).toBe(200);
        await untilAsync('green', async () => (await healthOf(serve)).status === 200);
      } finally {
        await serve.stop();
      }
      expect(stored).toBeGreaterThan(0);
      expect(countOf(join(disk, 'a.db'), 'task_executions')).toBeGreaterThanOrEqual(stored + 1);
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});
