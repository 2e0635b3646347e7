import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Bench, Door, DoorOutcome } from './door.ts';
import { hookEvent } from './hook-event.ts';
import { runHook } from './run-hook.ts';
import { drainOwnEvent, markSpool } from './spooled-event.ts';

const MAIN = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url));

/** `ai-tracker hook claude`, in a process of its own. */
export const hookDoor: Door = {
  name: 'hook',
  try: (bench) => tryHook(bench, process.execPath, [MAIN, 'hook', 'claude'], '`ai-tracker hook claude`'),
};

/** @param what it is, in words that a sentence begins with */
export async function tryHook(bench: Bench, command: string, args: readonly string[], what: string): Promise<DoorOutcome> {
  const sessionId = `selftest-${randomUUID()}`;
  const mark = markSpool(bench);
  const limitMs = bench.deadline.stepMs();
  const { code, output } = await runHook(command, args, bench, hookEvent(sessionId, bench.scratch), limitMs);
  if (code !== 0 || output !== '') {
    const said = output === '' ? '' : `, and printed: ${output.trim().slice(0, 200)}`;
    return {
      status: 'failed',
      message: `${what} ended with ${code ?? `a kill after ${limitMs} ms, since it did not end`}${said}`,
      command: 'ai-tracker install',
    };
  }
  const why = await drainOwnEvent(bench, sessionId, mark);
  if (why === null) return { status: 'ok', message: `${what}: its event is a row` };
  return { status: 'failed', message: `${what} took an event, and ${why}`, command: 'ai-tracker doctor' };
}
