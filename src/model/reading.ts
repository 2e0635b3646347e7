/** What a dialect makes of one span or log record. Pure data: it is kept in the ownership memory as JSON. */

/** Tokens of the column `source`. */
export const SOURCES = [
  'hatchet',
  'agent-swarm',
  'claude-code',
  'codex',
  'gemini-cli',
  'copilot',
  'genai',
  'mcp',
  'openinference',
  'traceloop',
  'vercel-ai',
  'anthropic',
  'langsmith',
  'langfuse',
  'mastra',
  'strands',
  'pydantic-ai',
  'bullmq',
  'celery',
  'temporal',
  'trigger',
  'inngest',
  'http',
  'rpc',
  'db',
  'hook',
  'import',
] as const;
export type Source = (typeof SOURCES)[number];

export type CallKind = 'tool' | 'mcp' | 'llm' | 'http' | 'agent' | 'rpc' | 'db';
export type TaskOutcome = 'completed' | 'failed' | 'cancelled';
export type TaskStatus = 'running' | TaskOutcome | 'lost';
export type DurationQuality = 'implicit' | 'millisecond';

/** A task that a span names by attribute although it is not the task's own span. */
export interface TaskName {
  readonly source: Source;
  readonly taskId: string;
  readonly attempt: number;
}

export interface TaskReading {
  readonly what: 'task';
  readonly source: Source;
  /** The emitter's id of the task; null where it has none and the span is its only name. */
  readonly taskId: string | null;
  /** Counted from 0. */
  readonly attempt: number;
  readonly taskType: string | null;
  readonly workflowRunId: string | null;
  /** The parent as the emitter names it; null: the parent is the nearest task above the span. */
  readonly parentTaskId: string | null;
  /** Whether the emitter names parents at all: then span ancestry alone makes no parent (facts of Hatchet: a trigger is not a parent). */
  readonly namesParents: boolean;
  readonly conversationId: string | null;
  /** By what the emitter means, not by span status alone. Not read while the span is open. */
  readonly outcome: TaskOutcome;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
}

/** Quantities of one model call. Input includes cached tokens; reasoning is within output; null is unknown, never 0. */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
}

/**
 * `started`: the call was seen to begin, so a result is to be expected. `listed`: it stands among the calls of a turn that is
 * over, which makes no row; `rejected`: so, and the harness refused it before it could begin.
 */
export type CallTold = 'started' | 'listed' | 'rejected';

export interface CallReading {
  readonly what: 'call';
  readonly source: Source;
  readonly kind: CallKind;
  readonly toolName: string | null;
  readonly callId: string | null;
  /** null: unknown. */
  readonly success: boolean | null;
  readonly errorType: string | null;
  readonly errorMessage: string | null;
  readonly statusCode: number | null;
  readonly retryCount: number | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly requestId: string | null;
  readonly conversationId: string | null;
  readonly subAgent: string | null;
  readonly durationQuality: DurationQuality | null;
  readonly usage: Usage | null;
  /** US dollars as the emitter states them. */
  readonly costUsd: number | null;
  readonly names: TaskName | null;
  /**
   * The row's key where the emitter's call id is unique within a conversation: spans, log records and hook events of one
   * call meet in that row. null: the span is the call.
   */
  readonly key: string | null;
  /** Of several tellings of one keyed call, the one with more authority says outcome and duration. 0 to 9. */
  readonly authority: number;
  /** What a telling of a keyed call says beside the fields of the row; null: nothing. */
  readonly told: CallTold | null;
  /** One of two sights of one call in two traces, which only task, tool and time connect. */
  readonly pair: { readonly side: 'caller' | 'callee'; readonly tool: string } | null;
  /** Of an agent: the task that it is where nothing above it is one. */
  readonly asTask: TaskReading | null;
}

/** The end of a task told by another span (Hatchet's cancel span, in a trace of its own). */
export interface SignalReading {
  readonly what: 'signal';
  readonly signal: 'cancelled';
  readonly source: Source;
  readonly taskId: string;
}

/** Not a row, but a link in the chain between a call and its task. */
export interface StepReading {
  readonly what: 'step';
  readonly source: Source | null;
  /** Why it is no row; the reason of `ignored(reason)` in the books. */
  readonly reason: string;
  readonly names: TaskName | null;
  /** What it says of the call that it stands below: Claude Code's permission span tells that the call was refused. */
  readonly verdict?: 'denied' | 'interrupted';
  /** The conversation that ended with it. */
  readonly ends?: string;
}

/** The other side of an HTTP call: completes its client's row, is none itself. */
export interface ServerReading {
  readonly what: 'server';
  readonly source: 'http' | 'mcp' | 'rpc';
  readonly statusCode: number | null;
  readonly names: TaskName | null;
  /** The task that it is where server spans are asked for as tasks (AI_TRACKER_SERVER_TASKS). */
  readonly asTask?: TaskReading;
}

export type Reading = TaskReading | CallReading | SignalReading | StepReading | ServerReading;

const CALL_DEFAULTS = {
  what: 'call',
  callId: null,
  errorType: null,
  errorMessage: null,
  statusCode: null,
  retryCount: null,
  model: null,
  provider: null,
  requestId: null,
  conversationId: null,
  subAgent: null,
  durationQuality: null,
  usage: null,
  costUsd: null,
  names: null,
  key: null,
  authority: 5,
  told: null,
  pair: null,
  asTask: null,
} as const;

/** A call reading from the fields a dialect knows; the rest is unknown. */
export function callReading(
  known: Pick<CallReading, 'source' | 'kind' | 'toolName' | 'success'> & Partial<Omit<CallReading, 'what'>>,
): CallReading {
  return { ...CALL_DEFAULTS, ...known };
}
