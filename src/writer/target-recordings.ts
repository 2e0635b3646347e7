import type { Recording } from '../model/recording.ts';
import type { Settings } from '../model/settings.ts';
import { type SpoolTarget, spoolTarget } from '../spool/spool-record.ts';

/**
 * @param home of the process that spooled, where its record says so: there its file lies where nothing else names one
 * @returns what writes the files of that target
 */
export type RecordingFor = (target: SpoolTarget, home: string | null) => Recording;

export type MakeRecording = (settings: Settings, env: NodeJS.ProcessEnv) => Recording;

export interface TargetRecordingsParts {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly make: MakeRecording;
  /** Of this process's own settings, which others close; absent: made like the others. */
  readonly own?: Recording;
}

/**
 * One recording for each place that spooled records name. Agents share one: whose a batch is stands in the batch, and a folder
 * of a thousand agents must not open a thousand times what they have in common.
 */
export class TargetRecordings {
  readonly #parts: TargetRecordingsParts;
  readonly #ownKey: string;
  readonly #made = new Map<string, Recording>();

  constructor(parts: TargetRecordingsParts) {
    this.#parts = parts;
    this.#ownKey = keyOf(spoolTarget(parts.settings), parts.env['HOME'] ?? null);
  }

  /** @param home of the process that spooled; null: as ours */
  of(target: SpoolTarget, home: string | null): Recording {
    const { settings, env, make, own } = this.#parts;
    const key = keyOf(target, home ?? env['HOME'] ?? null);
    if (own !== undefined && key === this.#ownKey) return own;
    let recording = this.#made.get(key);
    if (recording === undefined) {
      recording = make({ ...settings, ...target, agentId: null }, home === null ? env : { ...env, HOME: home });
      this.#made.set(key, recording);
    }
    return recording;
  }

  /** Those that were made here. */
  get made(): Iterable<Recording> {
    return this.#made.values();
  }

  close(): void {
    for (const recording of this.#made.values()) recording.close();
    this.#made.clear();
  }
}

/** A home matters where nothing else says where the files lie. */
function keyOf(target: SpoolTarget, home: string | null): string {
  const isPlaced = target.dbPath !== null || target.sharedDir !== null;
  return JSON.stringify([{ ...target, agentId: null }, isPlaced ? null : home]);
}
