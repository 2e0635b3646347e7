import type { MessagePort } from 'node:worker_threads';
import type { HealthFinding, RecorderReport } from '../model/health.ts';
import type { Settings } from '../model/settings.ts';
import type { ProcessSession } from '../model/span-record.ts';

/** What the host's thread and the writer's thread say to each other. */

export interface ThreadData {
  /** Says to `register`, which may be preloaded in every thread, that this one is ours. */
  readonly aiTrackerWriter: true;
  readonly settings: Settings;
  readonly session: ProcessSession;
  readonly port: MessagePort;
  /** Grows by one with every message to the host, so that a host that exits can sleep on it. */
  readonly pulse: Int32Array;
}

export interface BatchMessage {
  readonly kind: 'batch';
  readonly id: number;
  /** Spans in the text. */
  readonly spans: number;
  /** Ended spans among them: the books count these. */
  readonly ended: number;
  readonly text: string;
}

export type ToThread =
  | BatchMessage
  /** Write what there is; after `waitMs` spool what could not be written; end the session. */
  | { readonly kind: 'close'; readonly waitMs: number };

/** `spooled` may be followed by `written` once the spool was drained. */
export type Settlement =
  | { readonly id: number; readonly outcome: 'written' }
  | { readonly id: number; readonly outcome: 'spooled' }
  /** `ended`: so many of its ended spans, the others are written; absent: all. */
  | { readonly id: number; readonly outcome: 'dropped'; readonly reason: DropReason; readonly ended?: number };

/** Why spans are lost. `queue_full`: memory and spool hold all they may. `failed`: no attempt to write them ended well. */
export type DropReason = 'queue_full' | 'failed' | 'expired' | 'spool_removed' | 'after_shutdown' | 'unusable';

/** What stands between the spans and the file right now. */
export interface Trouble {
  readonly reason: 'locked' | 'disk' | 'too-old' | 'failed' | 'spool';
  readonly message: string;
  readonly sinceMs: number;
}

export type ToHost =
  | { readonly kind: 'ready' }
  | { readonly kind: 'settled'; readonly settlements: readonly Settlement[]; readonly report: RecorderReport | null }
  | { readonly kind: 'trouble'; readonly trouble: Trouble | null }
  /** For a person: said once, and kept in health(). */
  | { readonly kind: 'finding'; readonly finding: HealthFinding }
  /** The database cannot be loaded here: nothing will ever be written by this process. */
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'closed'; readonly report: RecorderReport | null };
