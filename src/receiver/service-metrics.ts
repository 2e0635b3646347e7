import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { ServiceHealth } from './service-health.ts';

/** Seconds. A request of 512 spans takes some 20 ms; one that waits for a locked file a second. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number];

/**
 * What GET /metrics tells, as Prometheus reads it. A registry of its own: the default one belongs to whoever embeds us. No
 * label comes from the wire but through names of ours: dialects, reasons, routes, statuses.
 */
export class ServiceMetrics {
  readonly #registry = new Registry();
  readonly #seconds: Histogram<'route'>;
  readonly #look: () => ServiceHealth;
  /** Of the page that is being made: one look for all of it. */
  #health: ServiceHealth;

  constructor(health: () => ServiceHealth) {
    this.#look = health;
    this.#health = health();
    collectDefaultMetrics({ register: this.#registry });
    this.#seconds = new Histogram({
      name: 'ai_tracker_request_duration_seconds',
      help: 'From the headers of a request to its answer.',
      labelNames: ['route'],
      buckets: BUCKETS,
      registers: [this.#registry],
    });
    this.#registerAll();
  }

  answered(route: string, seconds: number): void {
    this.#seconds.observe({ route }, seconds);
  }

  async page(): Promise<{ readonly contentType: string; readonly body: string }> {
    this.#health = this.#look();
    const text = await this.#registry.metrics();
    // The library writes `Nan` (0.16) where nothing was measured since the last page; the format's word is `NaN`.
    return { contentType: this.#registry.contentType, body: text.replaceAll(/ Nan$/gm, ' NaN') };
  }

  #registerAll(): void {
    this.#counter('spans_total', 'Spans and log records by what became of them.', ['dialect', 'fate', 'reason'], spans);
    this.#gauge('spans_waiting', 'Spans whose agent or task is not known yet.', ['dialect'], ({ books }) =>
      Object.entries(books).map(([dialect, { waiting }]) => [{ dialect }, waiting]),
    );
    this.#counter('rejected_total', 'Malformed spans and log records.', ['reason'], ({ rejected }) =>
      counted(rejected, 'reason'),
    );
    this.#counter('set_aside_total', 'Spans that made the receiver fail.', [], ({ set_aside }) => [[{}, set_aside]]);
    this.#counter('unused_logs_total', 'Log records that nothing reads.', [], ({ unused_logs }) => [[{}, unused_logs]]);
    this.#counter('requests_total', 'Answers by route and status.', ['route', 'status'], ({ requests }) =>
      (requests?.answered ?? []).map(({ route, status, count }) => [{ route, status: String(status) }, count]),
    );
    this.#counter('refused_total', 'Requests refused before anything of them was stored.', ['reason'], ({ requests }) =>
      counted(requests?.refused ?? {}, 'reason'),
    );
    this.#counter('requests_aborted_total', 'Requests whose sender went away before they were whole.', [], ({ requests }) => [
      [{}, requests?.aborted ?? 0],
    ]);
    this.#counter('connections_not_http_total', 'Connections that spoke something else.', ['protocol'], ({ requests }) =>
      counted(requests?.notHttp ?? {}, 'protocol'),
    );
    this.#counter('connections_turned_away_total', 'Connections beyond the limit.', [], ({ requests }) => [
      [{}, requests?.turnedAway ?? 0],
    ]);
    this.#gauge('connections', 'Open connections.', [], ({ requests }) => [[{}, requests?.connections ?? 0]]);
    this.#gauge('requests_waiting', 'Requests that wait to be written.', [], ({ waiting }) => [[{}, waiting.requests]]);
    this.#gauge('requests_waiting_bytes', 'Their bytes.', [], ({ waiting }) => [[{}, waiting.bytes]]);
    this.#counter('hooks_total', 'Hook events by what became of them.', ['fate'], ({ hooks }) => counted({ ...hooks }, 'fate'));
    this.#gauge('spool_records', 'Records in the spool.', ['kind'], ({ spool }) => [
      [{ kind: 'spans' }, spool.records - spool.hooks],
      [{ kind: 'hook' }, spool.hooks],
    ]);
    this.#gauge('spool_bytes', 'Bytes of the spool.', [], ({ spool }) => [[{}, spool.bytes]]);
    this.#gauge('files_open', 'Agents’ files that are open.', [], ({ files_open }) => [[{}, files_open]]);
    this.#counter('forwarded_total', 'Requests that the forward target took.', [], ({ forward }) => [
      [{}, forward?.forwarded ?? 0],
    ]);
    this.#counter('forward_dropped_total', 'Requests not passed on.', ['reason'], ({ forward }) =>
      counted(forward?.dropped ?? {}, 'reason'),
    );
    this.#counter(
      'forward_rejected_total',
      'Spans, log records and data points that the forward target threw away of requests that it took.',
      ['signal'],
      ({ forward }) => counted({ ...forward?.rejected }, 'signal'),
    );
    this.#gauge('forward_waiting', 'Requests that wait to be passed on.', [], ({ forward }) => [
      [{}, forward?.waiting.requests ?? 0],
    ]);
    this.#gauge('forward_waiting_bytes', 'Their bytes on disk.', [], ({ forward }) => [[{}, forward?.waiting.bytes ?? 0]]);
    this.#gauge('health', '2 red, 1 amber, 0 green.', [], ({ status }) => [[{}, ['green', 'amber', 'red'].indexOf(status)]]);
    this.#gauge('ready', '1 where GET /healthz answers 200.', [], ({ ready }) => [[{}, ready ? 1 : 0]]);
    this.#gauge('build_info', 'Always 1.', ['version'], ({ version }) => [[{ version }, 1]]);
  }

  #counter(name: string, help: string, labelNames: string[], values: (health: ServiceHealth) => readonly Value[]): void {
    const health = (): ServiceHealth => this.#health;
    new Counter({
      ...{ name: `ai_tracker_${name}`, help, labelNames, registers: [this.#registry] },
      collect() {
        this.reset();
        for (const [labels, value] of values(health())) this.inc({ ...labels }, value);
      },
    });
  }

  #gauge(name: string, help: string, labelNames: string[], values: (health: ServiceHealth) => readonly Value[]): void {
    const health = (): ServiceHealth => this.#health;
    new Gauge({
      ...{ name: `ai_tracker_${name}`, help, labelNames, registers: [this.#registry] },
      collect() {
        this.reset();
        for (const [labels, value] of values(health())) this.set({ ...labels }, value);
      },
    });
  }
}

const counted = (counts: Readonly<Record<string, number>>, label: string): Value[] =>
  Object.entries(counts).map(([key, count]) => [{ [label]: key }, count]);

const spans = ({ books }: ServiceHealth): Value[] =>
  Object.entries(books).flatMap(([dialect, of]): Value[] => {
    const fate = (name: string, count: number, reason = ''): Value => [{ dialect, fate: name, reason }, count];
    return [
      fate('recorded', of.recorded),
      fate('merged', of.merged),
      fate('repeated', of.repeated),
      ...Object.entries(of.ignored).map(([reason, count]) => fate('ignored', count, reason)),
      ...Object.entries(of.dropped).map(([reason, count]) => fate('dropped', count, reason)),
    ];
  });
