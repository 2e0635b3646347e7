import { type Books, sumCounts } from '../model/books.ts';
import type { HealthFinding } from '../model/health.ts';
import type { ServiceHealth } from '../receiver/service-health.ts';
import type { Output } from './command.ts';
import { clean } from './render/clean.ts';

/** No more than one line of counts in this time; the first after a quiet time comes at once. */
const LINE_EVERY_MS = 60_000;
/** What the writing thread tells of a request is up to a second younger than the request's answer. */
const SETTLING_MS = 2000;

export interface LogStyle {
  /** One object a line instead of text. */
  readonly json: boolean;
  /** Only what is wrong; as JSON also that it is over, for whoever keeps a list. */
  readonly quiet: boolean;
}

export interface Started {
  readonly url: string;
  readonly version: string;
  /** Where the rows go: a folder, or one file. */
  readonly files: string;
  readonly forwards: readonly { readonly signal: string; readonly target: string }[];
  readonly agentId: string | null;
}

/** What a running service says: that it listens, what came, what is wrong and when that is over. */
export class ServeLog {
  readonly #out: Output;
  readonly #style: LogStyle;
  /** Findings told and not over. */
  #told = new Map<string, HealthFinding>();
  #last: Counts = NOTHING;
  #lastLineMs = Number.NEGATIVE_INFINITY;
  /** When counts were first seen that the last line does not tell. */
  #changedMs: number | null = null;

  constructor(out: Output, style: LogStyle) {
    this.#out = out;
    this.#style = style;
  }

  started({ url, version, files, forwards, agentId }: Started): void {
    this.#event('listening', { url, version, pid: process.pid, files, forwards, agent_id: agentId });
    const whose = agentId === null ? '' : `, all of agent ${agentId}`;
    this.#line(`ai-tracker ${version} listens on ${url}; rows go to ${files}${whose}; ${forwardText(forwards)}`);
  }

  /** Called every second or so. */
  tick(health: ServiceHealth, nowMs: number): void {
    this.#tellFindings(health.findings);
    if (nowMs - this.#lastLineMs < LINE_EVERY_MS) return;
    const counts = countsOf(health);
    if (JSON.stringify(counts) === JSON.stringify(this.#last)) return;
    this.#changedMs ??= nowMs;
    if (nowMs - this.#changedMs >= SETTLING_MS) this.#tellCounts(counts, nowMs);
  }

  stopping(signal: string, waiting: number): void {
    this.#event('stopping', { signal, waiting });
    if (waiting === 0) this.#line(`${time()} ${signal}: stopping`);
    else
      this.#line(`${time()} ${signal}: answering ${some(waiting, 'request')} in flight, then stopping; once more ends at once`);
  }

  stopped(health: ServiceHealth): void {
    this.#tellFindings(health.findings);
    const counts = countsOf(health);
    this.#event('stopped', { ...counts });
    this.#line(`${time()} stopped; since the start ${summary(counts, NOTHING)}`);
  }

  #tellCounts(counts: Counts, nowMs: number): void {
    this.#event('counts', { ...counts });
    this.#line(`${time()} ${summary(counts, this.#last)}`);
    this.#last = counts;
    this.#lastLineMs = nowMs;
    this.#changedMs = null;
  }

  #tellFindings(findings: readonly HealthFinding[]): void {
    const now = new Map(findings.map((finding) => [keyOf(finding), finding]));
    for (const [key, { level, code, message }] of now) {
      if (this.#told.has(key)) continue;
      if (this.#style.json) this.#object('finding', { level, code, message });
      else this.#out.note(`${time()} ${level} (${code}): ${message}`);
    }
    for (const [key, { code, message }] of this.#told) {
      if (now.has(key)) continue;
      if (this.#style.json) this.#object('finding_over', { code, message });
      else this.#line(`${time()} over: ${code}`);
    }
    this.#told = now;
  }

  #line(text: string): void {
    if (!this.#style.json && !this.#style.quiet) this.#out.write(`${clean(text)}\n`);
  }

  #event(event: string, fields: object): void {
    if (this.#style.json && !this.#style.quiet) this.#object(event, fields);
  }

  #object(event: string, fields: object): void {
    this.#out.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
  }
}

/** The same trouble with other figures is no other trouble. */
const keyOf = ({ level, code, message }: HealthFinding): string => `${level} ${code} ${message.replace(/\d+/g, '0')}`;

const some = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

const time = (): string => `${new Date().toISOString().slice(11, 19)}Z`;

/** Since the start, but for what waits. */
interface Counts {
  readonly requests: number;
  /** Of them. */
  readonly metrics_requests: number;
  readonly hook_requests: number;
  /** Spans and log records that are in a file, or held for their agent. */
  readonly stored: number;
  /** By rule in no table: those that no dialect knows, log records that nothing reads. */
  readonly ignored: number;
  /** Malformed. */
  readonly rejected: number;
  readonly set_aside: number;
  readonly refused_requests: number;
  /** Asked to come again. */
  readonly put_off: number;
  readonly hooks: number;
  readonly forwarded: number;
  /** Spans, log records and data points of what was forwarded. */
  readonly rejected_by_target: number;
  readonly waiting: number;
  /** Spans whose agent is not known yet. */
  readonly held: number;
  readonly to_forward: number;
}

const NOTHING: Counts = {
  ...{
    requests: 0,
    metrics_requests: 0,
    hook_requests: 0,
    rejected_by_target: 0,
    stored: 0,
    ignored: 0,
    rejected: 0,
    set_aside: 0,
    refused_requests: 0,
    put_off: 0,
    hooks: 0,
    forwarded: 0,
  },
  ...{ waiting: 0, held: 0, to_forward: 0 },
};

function countsOf({ books, rejected, unused_logs, set_aside, requests, hooks, forward, waiting }: ServiceHealth): Counts {
  const answered = (requests?.answered ?? []).filter(({ route }) => route.startsWith('/v1/'));
  const ofRoute = (which: (route: string) => boolean): number =>
    answered.reduce((sum, { route, count }) => (which(route) ? sum + count : sum), 0);
  const withStatus = (which: (status: number) => boolean): number =>
    answered.reduce((sum, { status, count }) => (which(status) ? sum + count : sum), 0);
  return {
    requests: withStatus(() => true),
    metrics_requests: ofRoute((route) => route === '/v1/metrics'),
    hook_requests: ofRoute((route) => route.startsWith('/v1/hooks/')),
    stored: sumOf(books, (of) => of.recorded + of.merged + of.repeated + of.waiting),
    ignored: sumOf(books, (of) => sumCounts(of.ignored)) + unused_logs,
    rejected: sumCounts({ ...rejected }),
    set_aside,
    refused_requests: withStatus((status) => status >= 400 && status < 500),
    put_off: withStatus((status) => status >= 500),
    hooks: hooks.spooled,
    forwarded: forward?.forwarded ?? 0,
    rejected_by_target: sumCounts({ ...forward?.rejected }),
    waiting: waiting.requests,
    held: sumOf(books, (of) => of.waiting),
    to_forward: forward?.waiting.requests ?? 0,
  };
}

const sumOf = (books: Books, count: (of: Books[string]) => number): number =>
  Object.values(books).reduce((sum, of) => sum + count(of), 0);

/** What came since then, and what waits now; what is zero is left out, but for requests, and spans where any might have come. */
function summary(now: Counts, then: Counts): string {
  const more = (key: keyof Counts, text: (count: number) => string): string[] => {
    const count = now[key] - then[key];
    return count === 0 ? [] : [text(count)];
  };
  const requests = now.requests - then.requests;
  const ofOthers = now.metrics_requests - then.metrics_requests + now.hook_requests - then.hook_requests;
  const stored = now.stored - then.stored;
  const parts = [
    some(requests, 'request'),
    ...more('metrics_requests', (count) => `${count} of metrics`),
    ...more('hook_requests', (count) => `${count} of hooks`),
    ...(stored === 0 && ofOthers > 0 && ofOthers === requests ? [] : [`${some(stored, 'span')} stored`]),
    ...more('ignored', (count) => `${count} ignored`),
    ...more('rejected', (count) => `${count} malformed`),
    ...more('set_aside', (count) => `${count} set aside`),
    ...more('refused_requests', (count) => `${some(count, 'request')} refused`),
    ...more('put_off', (count) => `${some(count, 'request')} put off`),
    ...more('hooks', (count) => some(count, 'hook event')),
    ...more('forwarded', (count) => `${count} forwarded`),
    ...more('rejected_by_target', (count) => `${count} rejected by the forward target`),
  ];
  const waits = [
    ...(now.waiting > 0 ? [`${some(now.waiting, 'request')} to write`] : []),
    ...(now.held > 0 ? [`${some(now.held, 'span')} for their agent`] : []),
    ...(now.to_forward > 0 ? [`${some(now.to_forward, 'request')} to forward`] : []),
  ];
  return `${parts.join(', ')}${waits.length > 0 ? `; waiting: ${waits.join(', ')}` : ''}`;
}

function forwardText(forwards: Started['forwards']): string {
  if (forwards.length === 0) return 'no forward';
  const signals = forwards.map(({ signal }) => signal).join(', ');
  const bases = new Set(
    forwards.map(({ signal, target }) => (target.endsWith(`/v1/${signal}`) ? target.slice(0, -`/v1/${signal}`.length) : target)),
  );
  if (bases.size === 1) return `forwards ${signals} to ${[...bases].join('')}`;
  return `forwards ${forwards.map(({ signal, target }) => `${signal} to ${target}`).join(', ')}`;
}
