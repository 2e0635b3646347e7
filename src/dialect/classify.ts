import type { Reading } from '../model/reading.ts';
import { SPAN_KIND, type SpanRecord } from '../model/span-record.ts';
import { cleanReading } from './clean-reading.ts';
import { DIALECTS } from './registry.ts';
import { taskNamedBy } from './task-named.ts';

export interface Classified {
  /** Name in the books. */
  readonly dialect: string;
  /** Without secrets: fit for the file. */
  readonly reading: Reading;
}

/** Name in the books of spans that no dialect knows. */
export const NO_DIALECT = 'other';

/** Kinds of call that are recorded only where the user asks for them (`AI_TRACKER_KINDS`): they are many, and say little of an agent. */
const ON_REQUEST: ReadonlySet<string> = new Set(['rpc', 'db']);
const NONE: ReadonlySet<string> = new Set();

/**
 * What the span is. A span that nobody knows is still a link between a call and its task.
 * @param kinds which of `rpc` and `db` are recorded; the others are steps.
 */
export function classify(span: SpanRecord, kinds: ReadonlySet<string> = NONE): Classified {
  const isLog = span.kind === SPAN_KIND.log;
  for (const dialect of DIALECTS) {
    if (isLog && dialect.readsLogs !== true) continue;
    const reading = dialect.read(span);
    if (reading !== null) return { dialect: dialect.name, reading: asked(cleanReading(reading), kinds) };
  }
  return {
    dialect: NO_DIALECT,
    reading: { what: 'step', source: null, reason: 'not_a_call', names: taskNamedBy(span.attributes) },
  };
}

/** Among the kinds that are asked for: HTTP server spans as tasks. */
export const SERVER_TASKS = 'server-task';

/** A server span is a task where that is asked for, else the other side of its client's call. */
function asked(reading: Reading, kinds: ReadonlySet<string>): Reading {
  if (reading.what !== 'server' || reading.asTask === undefined) return askedCall(reading, kinds);
  const { asTask, ...server } = reading;
  return kinds.has(SERVER_TASKS) ? cleanReading(asTask) : server;
}

const askedCall = (reading: Reading, kinds: ReadonlySet<string>): Reading =>
  reading.what === 'call' && ON_REQUEST.has(reading.kind) && !kinds.has(reading.kind)
    ? { what: 'step', source: reading.source, reason: reading.kind, names: reading.names }
    : reading;
