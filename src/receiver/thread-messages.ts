import type { MessagePort } from 'node:worker_threads';
import type { HealthFinding, RecorderReport } from '../model/health.ts';
import type { Settings } from '../model/settings.ts';
import type { SpoolOutcome } from '../spool/write-record.ts';
import type { HookRequest, OtlpRequest, StoreOutcome } from './storing.ts';

/** What the HTTP side's thread and the storing thread say to each other. */

export interface StoreThreadData {
  /** Says to `register`, which may be preloaded in every thread, that this one is ours. */
  readonly aiTrackerWriter: true;
  readonly settings: Settings;
  /** Of `--agent`: whose all of it is, whatever the spans say. */
  readonly agentId: string | null;
  readonly port: MessagePort;
}

export type ToStoreThread =
  | { readonly kind: 'otlp'; readonly id: number; readonly request: OtlpRequest }
  | { readonly kind: 'hook'; readonly id: number; readonly request: HookRequest }
  /** Answer what was handed over, close the files, end. */
  | { readonly kind: 'close' };

export type Answer =
  | { readonly kind: 'otlp'; readonly id: number; readonly outcome: StoreOutcome }
  | { readonly kind: 'hook'; readonly id: number; readonly outcome: SpoolOutcome };

export type FromStoreThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'state'; readonly state: StoreState }
  | { readonly kind: 'closed'; readonly state: StoreState };

/** What the thread can tell of itself. */
export interface StoreState {
  readonly report: RecorderReport;
  /** Spans and log records that were malformed, by what is wrong with them. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Spans that made us fail, kept in the spool's `bad/` as far as it takes them. */
  readonly refusedSpans: number;
  /** Well-formed log records that nothing reads. */
  readonly unusedLogs: number;
  readonly hooks: { readonly spooled: number; readonly failed: number };
  readonly spool: { readonly records: number; readonly hooks: number; readonly bytes: number };
  /** Beyond those of the report. */
  readonly findings: readonly HealthFinding[];
}
