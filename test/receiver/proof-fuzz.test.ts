import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../bench/data/random.ts';
import { column } from '../support/agent-rows.ts';
import { FUZZ_AGENT, FUZZ_KINDS, type FuzzRequest, fuzzRequest, GARBAGE } from '../support/fuzz-bodies.ts';
import { HttpSender } from '../support/post.ts';
import { rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 5);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1e9);
const LANES = 4;
/** Longest time to an answer, ms, of a request by itself. */
const ANSWER_MS = 5000;
/** The same among others on a busy machine; what takes longer than ANSWER_MS is sent once more, alone. */
const BUSY_ANSWER_MS = 25_000;
/** Bodies of a few MB on four connections, unpacked, decoded; a receiver at rest has about 150. */
const MOST_MB = 900;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function expectSane(file: string): void {
  const calls = rowsIn(file, 'SELECT * FROM tool_calls');
  for (const row of calls) {
    expect([row['called_at'], row['called_at'] === null || TIME.test(row['called_at'] as string)]).toEqual([
      row['called_at'],
      true,
    ]);
    for (const name of [
      'duration_ms',
      'input_tokens',
      'output_tokens',
      'cache_read_tokens',
      'cost_usd',
      'retry_count',
      'status_code',
    ]) {
      const value = row[name] as number | null;
      expect([name, value, value === null || (Number.isFinite(value) && value >= 0)]).toEqual([name, value, true]);
    }
  }
  for (const row of rowsIn(file, 'SELECT * FROM task_executions')) {
    expect(['completed', 'failed', 'cancelled', 'running', 'lost']).toContain(row['status']);
    for (const name of ['started_at', 'completed_at']) {
      const value = row[name] as string | null;
      expect([name, value, value === null || TIME.test(value)]).toEqual([name, value, true]);
    }
    const value = row['duration_ms'] as number | null;
    expect(value === null || value >= 0).toBe(true);
  }
  expect(column(file, 'PRAGMA integrity_check')).toEqual(['ok']);
}

test(
  `garbage is refused or counted, never a row, a crash or a wait; ${SECONDS} s, FUZZ_SEED=${SEED}`,
  async () => {
    const folder = scratchFolder();
    const serve = await ServeProcess.start({ folder });
    onTestFinished(() => serve.kill());
    const until = Date.now() + SECONDS * 1000;
    const counts = new Map<string, number>();
    const stored: { traceId: string; spanId: string }[] = [];
    /** Of requests whose sender was asked to come again: a part of them may be in the file. */
    const putOff: typeof stored = [];
    const slow: FuzzRequest[] = [];
    let sent = 0;

    const say = ({ kind, body, type, headers, path }: FuzzRequest, what: string): Error =>
      new Error(
        `${kind}: ${what}; POST ${path} ${type} ${JSON.stringify(headers)}, ${body.length} bytes: ${Buffer.from(body.subarray(0, 3000)).toString('base64')}\n${serve.output.slice(-2000)}`,
      );
    const lane = async (number: number): Promise<void> => {
      const random = new Random(SEED + number);
      const sender = new HttpSender(serve.url);
      // Every kind at least once, in an order of this lane's own.
      const first = FUZZ_KINDS.filter((_, i) => i % LANES === number);
      while (Date.now() < until || first.length > 0) {
        const request = fuzzRequest(random, first.pop() ?? random.of(FUZZ_KINDS));
        const begin = performance.now();
        const { status, headers, body } = await sender
          .post(request.path, request.body, request.type, request.headers, BUSY_ANSWER_MS)
          .catch((error: unknown) => {
            throw say(
              request,
              `no answer (${String(error)} after ${Math.round(performance.now() - begin)} ms; it ${serve.isRunning ? 'runs' : 'is gone'})`,
            );
          });
        sent++;
        if (performance.now() - begin > ANSWER_MS) slow.push(request);
        const key = `${request.kind}: ${status}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        const isBackPressure = (status === 503 || status === 429) && headers['retry-after'] !== undefined;
        if (![200, 400, 413, 415].includes(status) && !isBackPressure) throw say(request, `${status} ${body.toString()}`);
        if (status === 200) stored.push(...request.valid);
        else if (isBackPressure) putOff.push(...request.valid);
        if (request.valid.length > 0 && status !== 200 && !isBackPressure)
          throw say(request, `${status} ${body.toString()}, and with it whole spans`);
      }
      sender.close();
    };
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));

    const alone = new HttpSender(serve.url);
    for (const request of slow) {
      await alone.post(request.path, request.body, request.type, request.headers, ANSWER_MS).catch((error: unknown) => {
        throw say(request, `no answer in ${ANSWER_MS} ms (${String(error)})`);
      });
    }
    alone.close();

    const { most } = serve.memoryMb();
    const health = await fetch(`${serve.url}/healthz`);
    const said = await health.text();
    if (process.env['FUZZ_SECONDS'] !== undefined)
      console.log(
        `${sent} requests, ${slow.length} slow, at most ${Math.round(most)} MB\n${[...counts]
          .map(([key, count]) => `${count} ${key}`)
          .sort()
          .join('\n')}`,
      );
    expect([health.status, said]).toEqual([200, expect.any(String)]);
    expect(most).toBeLessThan(MOST_MB);
    expect(serve.isRunning).toBe(true);
    expect(await serve.stop()).toBe(0);

    const mixed = join(folder, `${FUZZ_AGENT}.db`);
    const known = new Set(column(mixed, "SELECT trace_id || ':' || span_id FROM span_memory"));
    expect(stored.filter(({ traceId, spanId }) => !known.has(`${traceId}:${spanId}`))).toEqual([]);
    const allowed = new Set([...stored, ...putOff].map(({ traceId, spanId }) => `${traceId}:${spanId}`));
    expect([...known].filter((id) => !allowed.has(id as string))).toEqual([]);
    expect(stored.length).toBeGreaterThan(0);
    for (const table of ['tool_calls', 'task_executions']) {
      expect(column(mixed, `SELECT id FROM ${table} WHERE trace_id LIKE '${GARBAGE}%'`)).toEqual([]);
    }
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.db') && !file.startsWith('.')))
      expectSane(join(folder, name));
  },
  60_000 + SECONDS * 2000,
);
