import type { Bench, Door, DoorOutcome } from './door.ts';

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
  await Promise.all(attempts);
  return results;
}

async function attempt(door: Door, bench: Bench): Promise<DoorResult> {
  const start = performance.now();
  const outcome = await outcomeOf(door, bench);
  return { door: door.name, ms: Math.round(performance.now() - start), ...outcome };
}

async function outcomeOf(door: Door, bench: Bench): Promise<DoorOutcome> {
  try {
    return await door.try(bench);
  } catch (error) {
    return { status: 'failed', message: (error as Error).message, command: 'ai-tracker doctor' };
  }
}
