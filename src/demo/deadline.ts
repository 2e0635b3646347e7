import { setTimeout as sleep } from 'node:timers/promises';

/** The demo takes seconds; on a machine that is busy with other things it may take many. */
const LIMIT_MS = 60_000;

/** The promise, or an error that says what did not happen. @throws {Error} after a minute */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const clock = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(LIMIT_MS, undefined, { signal: clock.signal });
    throw new Error(`waited ${LIMIT_MS / 1000} s in vain: ${what}`);
  };
  try {
    return await Promise.race([promise, late()]);
  } finally {
    clock.abort();
  }
}

/** Looks until the condition holds. @throws {Error} after a minute */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; !holds(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`waited ${LIMIT_MS / 1000} s in vain: ${what}`);
  }
}
