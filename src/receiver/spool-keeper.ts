import { join } from 'node:path';
import { encodeBatch } from '../model/batch-codec.ts';
import type { Settings } from '../model/settings.ts';
import type { SpanRecord } from '../model/span-record.ts';
import { BAD_FOLDER } from '../spool/drain.ts';
import { isHookRecord } from '../spool/record-name.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { type SpooledHook, spoolTarget } from '../spool/spool-record.ts';
import { recordNames, type SpoolOutcome, spoolBytes, writeSpoolRecord } from '../spool/write-record.ts';
import type { HookRequest } from './storing.ts';

/** The bytes of a folder are counted once in this time: that takes a look at each record, and hook events come by the second. */
const MEASURE_EVERY_MS = 10_000;

export interface SpoolKeeperParts {
  readonly settings: Settings;
  readonly agentId: string | null;
  readonly env: NodeJS.ProcessEnv;
}

/** The storing thread's side of the spool: hook events go in, and spans that make us fail are kept in it. */
export class SpoolKeeper {
  readonly #parts: SpoolKeeperParts;
  readonly folders: readonly string[];
  readonly #maxBytes: number;
  readonly #held = new Map<string, { bytes: number; measuredMs: number }>();
  #measured = { sum: { records: 0, hooks: 0, bytes: 0 }, ms: Number.NEGATIVE_INFINITY };
  #spooled = 0;
  #failed = 0;

  constructor(parts: SpoolKeeperParts) {
    this.#parts = parts;
    this.folders = spoolFolders(parts.settings, parts.env).candidates;
    this.#maxBytes = parts.settings.spoolMaxMb * 1024 * 1024;
  }

  get hooks(): { readonly spooled: number; readonly failed: number } {
    return { spooled: this.#spooled, failed: this.#failed };
  }

  /** The event is on disk when this returns that it is spooled. */
  spoolHook({ source, payload, context, receivedMs }: HookRequest): SpoolOutcome {
    const { settings, agentId } = this.#parts;
    const record: SpooledHook = {
      ...{ v: 1, kind: 'hook', source, receivedMs, payload },
      target: { ...spoolTarget(settings), agentId: agentId ?? context.agentId },
      context: { taskId: context.taskId, traceparent: context.traceparent, tracestate: context.tracestate },
    };
    const outcome = this.#write(this.folders, record, true);
    if (outcome.status === 'spooled') this.#spooled += 1;
    else this.#failed += 1;
    return outcome;
  }

  /** Best effort: the counter tells of them in any case. As much is kept as the spool itself may hold. */
  setAside(spans: readonly SpanRecord[], receivedMs: number): SpoolOutcome {
    const { settings, agentId } = this.#parts;
    const batch = encodeBatch({ origin: { door: 'otlp', agentId, receivedMs }, spans, logs: [] });
    const record = { v: 1, kind: 'spans', target: spoolTarget(settings), ended: spans.length, batch } as const;
    return this.#write(
      this.folders.map((folder) => join(folder, BAD_FOLDER)),
      record,
      false,
    );
  }

  /** What lies in the folders, or lay there a little before. */
  measure(): { records: number; hooks: number; bytes: number } {
    if (Date.now() - this.#measured.ms < MEASURE_EVERY_MS) return this.#measured.sum;
    const sum = { records: 0, hooks: 0, bytes: 0 };
    for (const folder of this.folders) {
      const names = recordNames(folder);
      sum.records += names.length;
      sum.hooks += names.filter(isHookRecord).length;
      sum.bytes += this.#heldBytes(folder);
    }
    this.#measured = { sum, ms: Date.now() };
    return sum;
  }

  #write(folders: readonly string[], record: Parameters<typeof writeSpoolRecord>[1], fsync: boolean): SpoolOutcome {
    const outcome = writeSpoolRecord(folders, record, {
      maxBytes: this.#maxBytes,
      fsync,
      heldBytes: (folder) => this.#heldBytes(folder),
    });
    if (outcome.status === 'spooled') {
      const held = this.#held.get(join(outcome.path, '..'));
      if (held !== undefined) held.bytes += outcome.bytes;
    }
    return outcome;
  }

  #heldBytes(folder: string): number {
    const now = Date.now();
    let held = this.#held.get(folder);
    if (held === undefined || now - held.measuredMs > MEASURE_EVERY_MS) {
      held = { bytes: spoolBytes(folder), measuredMs: now };
      this.#held.set(folder, held);
    }
    return held.bytes;
  }
}
