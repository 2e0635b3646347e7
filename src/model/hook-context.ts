/** What the environment of a hook says of whose work it is: of a coding agent's hook, and of git's. */
export interface HookContext {
  readonly agentId: string | null;
  readonly taskId: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}
