import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../bench/data/random.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { countOf, until } from '../support/agent-rows.ts';
import { requestOf } from '../support/otlp-request.ts';
import { HttpSender, JSON_TYPE } from '../support/post.ts';
import { record, recorderIn } from '../support/recorder-in.ts';
import { rowsOf } from '../support/replay.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';
import { fromSender, taskSpan, toolSpan } from '../support/span-makers.ts';

/** More by hand: a defect that one kill in a thousand shows needs some thousand. */
const ROUNDS = Number(process.env['PROOF_ROUNDS'] ?? 8);
const SEED = Number(process.env['PROOF_SEED'] ?? Date.now() % 1e9);
const AGENTS = 3;
/** Longest life of a server, ms: it is killed at any time within. */
const LIFE_MS = 600;

interface Batch {
  readonly agent: number;
  /** Whether its sender says whose the spans are; otherwise only their trace tells. */
  readonly named: boolean;
  readonly spans: readonly SpanRecord[];
}

/** Traces of a task and its tools, told in two requests: by who knows the agent, and by who does not. */
class Traffic {
  readonly #random: Random;
  #next = 1;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  batches(agent: number): readonly [Batch, Batch] {
    const named: SpanRecord[] = [];
    const nameless: SpanRecord[] = [];
    for (let t = this.#random.between(1, 6); t > 0; t--) {
      const trace = this.#next++;
      const root = trace * 100;
      const startMs = Date.now();
      named.push(taskSpan(`run-${trace}`, { trace, span: root, startMs, endMs: startMs + 50 }));
      for (let i = this.#random.between(1, 8); i > 0; i--) {
        const tool = toolSpan({ trace, span: root + i, parent: root, startMs: startMs + i, endMs: startMs + i + 1 });
        (this.#random.next() < 0.5 ? named : nameless).push(tool);
      }
    }
    return [
      { agent, named: true, spans: named },
      { agent, named: false, spans: nameless },
    ];
  }

  /** Named first, nameless first, or both at once. */
  order(): 'named' | 'nameless' | 'both' {
    return this.#random.of(['named', 'nameless', 'both'] as const);
  }
}

const agentId = (agent: number): string => `worker-${agent}`;
const fileOf = (folder: string, agent: number): string => join(folder, `${agentId(agent)}.db`);
const holdingIn = (folder: string): string => {
  const name = readdirSync(folder).find((file) => file.startsWith('.holding-') && file.endsWith('.db'));
  return join(folder, name ?? '.holding-none.db');
};

/** Sends until it is answered with 200, as an exporter with retries does. */
async function deliver(sender: HttpSender, { agent, named, spans }: Batch): Promise<void> {
  if (spans.length === 0) return;
  const body = requestOf(spans, named ? { 'agent.id': agentId(agent), 'service.name': 'worker' } : {});
  for (;;) {
    try {
      const { status, body: answer } = await sender.post('/v1/traces', body, JSON_TYPE);
      if (status === 200) return;
      if (status !== 503 && status !== 429) throw new TypeError(`${status} ${answer.toString()}`);
    } catch (error) {
      // Gone, or gone while it answered.
      if (error instanceof TypeError) throw error;
    }
    await sleep(10);
  }
}

/** Spans of the batches that neither their agent's file nor, where their sender did not name it, the holding file has. */
function missing(folder: string, batches: readonly Batch[]): string[] {
  const look = (file: string, table: string): ((span: SpanRecord) => boolean) => {
    if (!existsSync(file)) return () => false;
    const db = new Database(file, { readonly: true });
    open.push(db);
    // Killed while it made the file.
    if (db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) === undefined) return () => false;
    const one = db.prepare(`SELECT 1 FROM ${table} WHERE trace_id = ? AND span_id = ?`);
    return (span) => one.get(span.traceId, span.spanId) !== undefined;
  };
  const open: Database.Database[] = [];
  try {
    // Before the agents' files: a span on its way between the two is in one of them.
    const isHeld = look(holdingIn(folder), 'held_spans');
    const isKnown = Array.from({ length: AGENTS }, (_, agent) => look(fileOf(folder, agent), 'span_memory'));
    return batches.flatMap(({ agent, named, spans }) =>
      spans
        .filter((span) => !(isKnown[agent]?.(span) === true || (!named && isHeld(span))))
        .map(({ traceId: trace, spanId: span }) => `${trace}:${span}`),
    );
  } finally {
    for (const db of open) db.close();
  }
}

test(
  `what was answered with 200 outlives kill -9 at any instant, once and whole; ${ROUNDS} rounds, PROOF_SEED=${SEED}`,
  async () => {
    const random = new Random(SEED);
    const folder = scratchFolder();
    const acknowledged: Batch[] = [];
    let port = 0;
    let stopped = false;
    let last: ServeProcess | undefined;
    onTestFinished(() => last?.kill());
    last = await ServeProcess.start({ folder });
    port = last.port;

    const senders = Array.from({ length: AGENTS }, async (_, agent) => {
      const traffic = new Traffic(SEED + agent * 1000);
      const sender = new HttpSender(`http://127.0.0.1:${port}`, 2);
      const send = async (batch: Batch): Promise<void> => {
        await deliver(sender, batch);
        acknowledged.push(batch);
      };
      while (!stopped) {
        // Trace ids of one agent are no other's.
        const [named, nameless] = traffic.batches(agent).map((batch) => apart(batch, agent)) as [Batch, Batch];
        const order = traffic.order();
        if (order === 'both') await Promise.all([send(named), send(nameless)]);
        else for (const batch of order === 'named' ? [named, nameless] : [nameless, named]) await send(batch);
      }
      sender.close();
    });

    let checked = 0;
    let starts = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(random.between(0, LIFE_MS));
      await last.kill();
      const until200 = acknowledged.length;
      expect(missing(folder, acknowledged.slice(checked, until200))).toEqual([]);
      checked = until200;
      // Some die before they listen, in the middle of what a start repairs.
      while (random.next() < 0.25) {
        starts++;
        const spawned = ServeProcess.start({
          folder,
          port,
          onSpawn: (child) => void setTimeout(() => child.kill('SIGKILL'), random.between(50, LIFE_MS)),
        });
        await spawned.then(
          (serve) => serve.kill(),
          () => undefined,
        );
      }
      last = await ServeProcess.start({ folder, port });
    }
    stopped = true;
    await Promise.all(senders);
    // What the moves of a killed process left is taken up by the next start.
    expect(await last.stop()).toBe(0);
    last = await ServeProcess.start({ folder, port });
    await until('nothing waits for its agent any more', () => countOf(holdingIn(folder), 'held_spans') === 0, 90_000);
    expect(await last.stop()).toBe(0);

    expect(missing(folder, acknowledged)).toEqual([]);
    const reference = scratchFolder();
    const recorder = recorderIn(reference);
    for (const { agent, spans } of acknowledged)
      if (spans.length > 0) record(recorder, fromSender(Date.now(), agentId(agent)), spans);
    recorder.close();
    for (let agent = 0; agent < AGENTS; agent++) {
      const { counts, ...rows } = rowsOf(fileOf(folder, agent));
      const { counts: counted, ...wanted } = rowsOf(fileOf(reference, agent));
      expect(rows).toEqual(wanted);
      expect(counts).toEqual(counted);
    }
    expect(acknowledged.length).toBeGreaterThan(ROUNDS);
    if (process.env['PROOF_ROUNDS'] !== undefined) {
      const spans = acknowledged.reduce((sum, batch) => sum + batch.spans.length, 0);
      console.log(`${ROUNDS} kills, ${starts} more in the start, ${acknowledged.length} batches of ${spans} spans, none lost`);
    }
  },
  120_000 + ROUNDS * 10_000,
);

/** The same batch with ids that no other agent's traffic has. */
function apart(batch: Batch, agent: number): Batch {
  const shift = (id: string): string => `${(0xa + agent).toString(16)}${id.slice(1)}`;
  return {
    ...batch,
    spans: batch.spans.map((span) => ({
      ...span,
      traceId: shift(span.traceId),
      spanId: shift(span.spanId),
      parentSpanId: span.parentSpanId === null ? null : shift(span.parentSpanId),
      attributes:
        'step_run_id' in span.attributes
          ? { ...span.attributes, step_run_id: `${agent}-${span.attributes['step_run_id']}` }
          : span.attributes,
    })),
  };
}
