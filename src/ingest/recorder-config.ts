import type { Settings } from '../model/settings.ts';

export interface RecorderConfig {
  readonly settings: Settings;
  /** Read for HOME and the like when a file is chosen; settings are already resolved. */
  readonly env: NodeJS.ProcessEnv;
  /** Longest wait for a lock, ms. 0 on a thread that serves others. */
  readonly busyTimeoutMs: number;
  readonly now?: () => number;
  /** Files held open at once; `MAX_OPEN_FILES` by default. */
  readonly maxOpenFiles?: number;
  /** Spans kept in memory over all open files; CACHED_SPANS_OF_ALL where it is not given. */
  readonly cachedSpans?: number;
}
