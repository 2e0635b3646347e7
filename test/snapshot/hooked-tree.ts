import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FileEdit, ToolEvent } from '../../src/hook/hook-event.ts';
import { type Look, SnapshotEdits } from '../../src/snapshot/snapshot-edits.ts';
import { readRecordFile } from '../../src/spool/read-record.ts';
import type { SpooledHook } from '../../src/spool/spool-record.ts';
import { recordNames } from '../../src/spool/write-record.ts';
import { readSpooledHook } from '../../src/writer/apply-spooled.ts';
import { hookCommand, runHook } from '../hook/shell/shell-hook.ts';

export interface HookedCall {
  readonly id: string;
  readonly tool?: string;
  readonly session?: string;
  readonly input?: unknown;
  readonly response?: unknown;
  readonly durationMs?: number;
}

/** Runs the real hooks around what a test does, and reads what they spooled as a drain does. */
export class HookedTree {
  readonly top: string;
  readonly spool: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the last drain left for the next. */
  #waiting: SpooledHook[] = [];
  shell: readonly [string, ...string[]] = ['sh'];

  constructor(top: string, scratch: string, env: NodeJS.ProcessEnv = {}) {
    this.top = top;
    this.spool = join(scratch, 'spool');
    this.env = { HOME: scratch, AI_TRACKER_SPOOL_DIR: this.spool, ...env };
  }

  async hook(event: 'PreToolUse' | 'PostToolUse' | 'PostToolUseFailure', call: HookedCall, cwd = this.top): Promise<void> {
    const { id, tool = 'Bash', session = 's-1', input = {}, response = {}, durationMs = 1 } = call;
    const payload = {
      ...{ session_id: session, hook_event_name: event, tool_name: tool, tool_use_id: id, tool_input: input, cwd },
      ...(event === 'PostToolUse' ? { tool_response: response, duration_ms: durationMs } : {}),
    };
    const matcher = tool.startsWith('mcp__')
      ? '^mcp__'
      : tool === 'Bash' || tool === 'NotebookEdit'
        ? 'Bash|NotebookEdit'
        : 'Edit|Write|MultiEdit';
    const command = hookCommand(event, matcher);
    const env = { ...this.env, CLAUDE_CODE_SESSION_ID: session };
    const run = await runHook({ env, command, cwd, input: JSON.stringify(payload), shell: this.shell });
    if (run.code !== 0 || run.output !== '') throw new Error(`${event}: ${JSON.stringify(run)}`);
  }

  /** One call: its hooks around what it does. */
  async call(call: HookedCall, work: () => void | Promise<void>): Promise<void> {
    await this.hook('PreToolUse', call);
    await work();
    await this.hook('PostToolUse', call);
  }

  /** What the hooks spooled since the last look, oldest first; the spool is empty then. */
  records(): SpooledHook[] {
    const found = recordNames(this.spool).map((name) => {
      const reading = readRecordFile(this.spool, name);
      if (reading.what !== 'record' || reading.record.kind !== 'hook') throw new Error(`${name}: ${JSON.stringify(reading)}`);
      rmSync(join(this.spool, name));
      return reading.record;
    });
    return found.toSorted((a, b) => a.receivedMs - b.receivedMs);
  }

  /**
   * Events of what was spooled since the last look, completed; what waits for others to end is looked at again by the next drain.
   *
   * @param nowMs by then
   */
  drain(
    order: (records: SpooledHook[]) => SpooledHook[] = (records) => records,
    edits = new SnapshotEdits(),
    nowMs = Date.now(),
  ): ToolEvent[] {
    const look = (records: readonly SpooledHook[], which: Look): { told: ToolEvent[]; waiting: SpooledHook[] } => {
      const told: ToolEvent[] = [];
      const waiting: SpooledHook[] = [];
      for (const record of records) {
        const reading = readSpooledHook(record);
        if (reading.what !== 'event' || reading.event.what !== 'tool') throw new Error(JSON.stringify(reading));
        const { events, isWaiting } = edits.complete(reading.event, record.snapshot ?? null, record.hookMs, which, nowMs);
        if (isWaiting) waiting.push(record);
        if (!isWaiting || which === 'last') told.push(...events);
      }
      return { told, waiting };
    };
    const first = look(order([...this.#waiting, ...this.records()]), 'first');
    const last = look(first.waiting, 'last');
    this.#waiting = last.waiting;
    return [...first.told, ...last.told];
  }
}

/** `create src/a.ts +3 -0`, by path; without the top folder. */
export const told = (events: readonly ToolEvent[], id: string, top: string): string[] =>
  [
    ...new Set(events.filter(({ toolUseId }) => toolUseId === id).flatMap(({ edits }) => edits.map((edit) => say(edit, top)))),
  ].toSorted();

const say = ({ path, previousPath, type, linesAdded, linesRemoved }: FileEdit, top: string): string => {
  const below = (text: string): string => text.replace(`${top}/`, '');
  const from = previousPath === null ? '' : ` from ${below(previousPath)}`;
  return `${type} ${below(path)}${from} +${linesAdded} -${linesRemoved}`;
};
