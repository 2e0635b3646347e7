import { readFileSync } from 'node:fs';
import type { LogRecord, SpanRecord } from '../../src/model/span-record.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';

/** Real runs of Claude Code 2.1.330 against a made-up API: its telemetry as it was exported, a request a line. */
const ROOT = new URL('../fixtures/otlp/claude-code/', import.meta.url);

/** What was counted by other means than this package. `input_tokens` include cached ones. */
export interface ClaudeTruth {
  readonly tool_calls: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Refused before it ran. */
  readonly no_outcome: number;
  readonly llm_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly file_modifications: readonly {
    readonly tool_use_id: string;
    readonly tool: string;
    /** Without its folder. */
    readonly file: string;
    /** Null where the original was not handed over. */
    readonly added: number | null;
    readonly removed: number | null;
  }[];
}

export const CLAUDE_RUNS = ['prop', 'edge', 'multi', 'fail'] as const;
export type ClaudeRun = (typeof CLAUDE_RUNS)[number];

const truths = JSON.parse(readFileSync(new URL('truth.json', ROOT), 'utf8')) as Readonly<Record<ClaudeRun, ClaudeTruth>>;
export const claudeTruth = (run: ClaudeRun): ClaudeTruth => truths[run];

export const claudeFile = (run: ClaudeRun, signal: 'traces' | 'logs'): URL => new URL(`${run}/${signal}.jsonl`, ROOT);

/** One hook call of a run: what came on stdin, and of the environment what a hook may take. */
export interface ClaudeHookCall {
  readonly timeMs: number;
  readonly pwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: Readonly<Record<string, unknown>>;
}

export const claudeHooks = (run: ClaudeRun): ClaudeHookCall[] =>
  readFileSync(new URL(`${run}/hooks.jsonl`, ROOT), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { t0, pwd, env, input } = JSON.parse(line) as { t0: number } & Omit<ClaudeHookCall, 'timeMs'>;
      return { timeMs: t0, pwd, env, input };
    });

/** The lines of a capture as a door decodes them. */
export function claudeTelemetry(run: ClaudeRun, signal: 'traces' | 'logs'): { spans: SpanRecord[]; logs: LogRecord[] } {
  const decoded = readFileSync(claudeFile(run, signal), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => decodeJson(line));
  return { spans: decoded.flatMap(({ spans }) => spans), logs: decoded.flatMap(({ logs }) => logs) };
}
