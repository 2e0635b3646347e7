import type { ForwardReport, Signal } from '../forward/forwarding.ts';
import { type Books, imbalance } from '../model/books.ts';
import type { HealthFinding, HealthStatus } from '../model/health.ts';
import { packageVersion } from '../model/package-version.ts';
import type { ReceiverReport } from './receiver.ts';
import type { StoreState } from './thread-messages.ts';

/** What a service knows of its parts at one moment. */
export interface ServiceSight {
  /** Null before the first second. */
  readonly state: StoreState | null;
  /** Whether the thread that writes runs; false between its death and its restart. */
  readonly isWriting: boolean;
  /** How long ago the thread last said how it is, ms. */
  readonly silentMs: number;
  readonly waiting: { readonly requests: number; readonly bytes: number };
  /** Null: nothing is forwarded. */
  readonly forward: ForwardReport | null;
  readonly receiver: ReceiverReport | null;
  readonly startedMs: number;
  readonly nowMs: number;
}

export interface ServiceHealth {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  readonly started_at: string;
  readonly status: HealthStatus;
  /** Whether requests can be stored and the books balance: what GET /healthz answers 200 for. */
  readonly ready: boolean;
  readonly findings: readonly HealthFinding[];
  readonly books: Books;
  readonly rejected: Readonly<Record<string, number>>;
  readonly set_aside: number;
  readonly unused_logs: number;
  readonly hooks: StoreState['hooks'];
  readonly waiting: ServiceSight['waiting'];
  readonly files_open: number;
  readonly spool: StoreState['spool'];
  readonly forward: ForwardReport | null;
  readonly requests: ReceiverReport | null;
}

/** The thread tells every second how it is; between two tells it may work on one large transaction. */
const SILENCE_MS = 30_000;

/**
 * What makes GET /healthz answer 503. Not every red finding: a span that was refused once is to be seen to, but taking the
 * receiver out of service for it would lose the spans of everybody else.
 */
const NOT_READY: ReadonlySet<string> = new Set(['books', 'write-failed', 'holding', 'locked', 'not-writing']);

const ITEMS: Readonly<Record<Signal, string>> = { traces: 'spans', logs: 'log records', metrics: 'data points' };

const NAME = 'ai-tracker-otel';
const EMPTY = {
  rejected: {},
  refusedSpans: 0,
  unusedLogs: 0,
  hooks: { spooled: 0, failed: 0 },
  spool: { records: 0, hooks: 0, bytes: 0 },
};

export function serviceHealth(sight: ServiceSight): ServiceHealth {
  const { state, waiting, forward, receiver } = sight;
  const { rejected, refusedSpans, unusedLogs, hooks, spool } = state ?? EMPTY;
  const findings = findingsOf(sight);
  const isRed = ({ level }: HealthFinding): boolean => level === 'red';
  return {
    name: NAME,
    version: packageVersion(),
    pid: process.pid,
    started_at: new Date(sight.startedMs).toISOString(),
    status: findings.some(isRed) ? 'red' : findings.length > 0 ? 'amber' : 'green',
    ready: !findings.some((finding) => isRed(finding) && NOT_READY.has(finding.code)),
    findings,
    books: state?.report.books ?? {},
    rejected,
    set_aside: refusedSpans,
    unused_logs: unusedLogs,
    hooks,
    waiting,
    files_open: state?.report.files.length ?? 0,
    spool,
    forward,
    requests: receiver,
  };
}

function findingsOf({ state, isWriting, silentMs, waiting, forward, receiver }: ServiceSight): HealthFinding[] {
  const findings: HealthFinding[] = [...(state?.report.findings ?? []), ...(state?.findings ?? [])];
  const find = (level: HealthFinding['level'], code: string, message: string): void =>
    void findings.push({ level, code, message });
  for (const [dialect, books] of Object.entries(state?.report.books ?? {})) {
    const missing = imbalance(books);
    if (missing === 0) continue;
    const what = `${Math.abs(missing)} spans too ${missing > 0 ? 'few' : 'many'} accounted for`;
    find('red', 'books', `the books of ${dialect} do not balance: ${what}; please report this`);
  }
  if (!isWriting) find('red', 'not-writing', 'the thread that writes died and is being started again');
  else if (silentMs > SILENCE_MS && waiting.requests > 0) {
    const seconds = Math.round(silentMs / 1000);
    find('red', 'not-writing', `the thread that writes has said nothing for ${seconds} s; see whether its disk hangs`);
  }
  if (state !== null && state.hooks.failed > 0) {
    find('amber', 'hooks-refused', `${state.hooks.failed} hook events could not be kept; their senders were asked to come again`);
  }
  if (forward?.trouble != null) find('amber', 'forward', forward.trouble);
  const lost = Object.entries(forward?.dropped ?? {}).filter(([, count]) => count > 0);
  if (lost.length > 0) {
    const counts = lost.map(([reason, count]) => `${count} ${reason.replaceAll('_', ' ')}`).join(', ');
    const last = forward?.lastLoss == null ? '' : `; last: ${forward.lastLoss}`;
    find('amber', 'forward-dropped', `requests that were not passed on (all are stored here): ${counts}${last}`);
  }
  const rejected = Object.entries(forward?.rejected ?? {});
  if (rejected.length > 0) {
    const counts = rejected.map(([signal, count]) => `${count} ${ITEMS[signal as Signal]}`).join(', ');
    const last = forward?.lastLoss == null ? '' : `; last: ${forward.lastLoss}`;
    find('amber', 'forward-rejected', `what the forward target took and threw away: ${counts}${last}`);
  }
  const defects = receiver?.refused.defect ?? 0;
  if (defects > 0)
    find(
      'red',
      'defect',
      `${defects} requests were answered with 500 by a mistake of ours; please report what stderr says of it`,
    );
  const grpc = receiver?.notHttp.grpc ?? 0;
  if (grpc > 0) {
    find(
      'amber',
      'grpc',
      `${grpc} connections spoke gRPC, which is not understood here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf in their sender`,
    );
  }
  return findings;
}
