import type * as Api from '@opentelemetry/api';
import { absolutePath } from './model/absolute-path.ts';
import type { RecorderOptions } from './model/settings.ts';
import { envOfSpan } from './otel/trace-env.ts';
import { HostPackages } from './register-packages.ts';

/** Every copy of the API sees the same active span, if it is not newer than the one that the application registered with. */
let api: typeof Api | null = null;

function loadedApi(): typeof Api | null {
  api ??= new HostPackages({ cwd: absolutePath('.'), script: process.argv[1] }).load<typeof Api>('@opentelemetry/api');
  return api;
}

/**
 * Environment variables that tie a child process, such as `claude -p`, to the active span of `@opentelemetry/api`:
 *
 * ```ts
 * spawn('claude', ['-p', prompt], { env: { ...process.env, ...traceEnv() } });
 * ```
 *
 * What Claude Code does there, and every file that its hooks see change, then belongs to the task around that span.
 *
 * @param options `agentId`, where neither a recorder of this process nor its environment knows the agent
 * @returns of these what is known: `TRACEPARENT` (with the span's own sampling flag), `TRACESTATE`, `AGENT_ID` and
 * `AI_TRACKER_TASK_ID` (where the span is a task, or names one). No trace where no span is active or
 * `@opentelemetry/api` is not installed. Never throws.
 */
export function traceEnv(options: Pick<RecorderOptions, 'agentId'> = {}): Record<string, string> {
  try {
    return envOfSpan(loadedApi()?.trace.getActiveSpan(), options, process.env);
  } catch {
    // A broken copy of the API, or a span of no SDK: the child starts all the same.
    return {};
  }
}
