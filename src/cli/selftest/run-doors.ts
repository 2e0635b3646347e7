import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, Door, DoorOutcome } from './door.ts';

/** Longest wait for doors whose result is not asked any more, before what the test made is taken away. */
const TIDY_MS = 500;

export type DoorResult = DoorOutcome & { readonly door: string; readonly ms: number };

/**
 * Tries the first door, on which all others build, then those at the same time: each is mostly another process or thread that starts.
 * Told in their order, up to the first that fails.
 */
export async function runDoors(doors: readonly Door[], bench: Bench, told: (result: DoorResult) => void): Promise<DoorResult[]> {
  const [first, ...others] = doors;
  if (first === undefined) return [];
  const results: DoorResult[] = [];
  const tell = (result: DoorResult): boolean => {
    results.push(result);
    told(result);
    return result.status !== 'failed';
  };
  if (!tell(await attempt(first, bench))) return results;
  const attempts = others.map((door) => attempt(door, bench));
  for (const each of attempts) if (!tell(await each)) break;
  // What the test made is taken away after this: nobody may still be at it.
  const tidy = new AbortController();
  await Promise.race([Promise.all(attempts), sleep(TIDY_MS, undefined, { signal: tidy.signal }).catch(() => undefined)]);
  tidy.abort();
  return results;
}

async function attempt(door: Door, bench: Bench): Promise<DoorResult> {
  const start = performance.now();
  const outcome = await outcomeOf(door, bench);
  return { door: door.name, ms: Math.round(performance.now() - start), ...outcome };
}

async function outcomeOf(door: Door, bench: Bench): Promise<DoorOutcome> {
  const answered = new AbortController();
  try {
    return await Promise.race([door.try(bench), givenUp(bench, answered.signal)]);
  } catch (error) {
    return { status: 'failed', message: (error as Error).message, command: 'ai-tracker doctor' };
  } finally {
    answered.abort();
  }
}

/** Whatever hangs, the test ends: what waits for it is an agent's start. */
async function givenUp({ deadline }: Bench, answered: AbortSignal): Promise<DoorOutcome> {
  await sleep(deadline.leftMs, undefined, { signal: answered }).catch(() => undefined);
  return {
    status: 'failed',
    message: `no answer when the ${deadline.seconds} s of the whole test were over; a machine that is busy needs longer`,
    command: `ai-tracker selftest --within ${Math.ceil(deadline.seconds * 5)}`,
  };
}
