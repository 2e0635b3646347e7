import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openForReading } from '../../store/open.ts';
import { StoreError } from '../../store/store-error.ts';

const LOOK_EVERY_MS = 20;

/** Waits until a question has an answer in the file. @returns whether it had in time */
export async function awaitRows(file: string, question: string, value: string, limitMs: number): Promise<boolean> {
  for (const until = performance.now() + limitMs; ; await sleep(LOOK_EVERY_MS)) {
    if (hasRows(file, question, value)) return true;
    if (performance.now() > until) return false;
  }
}

function hasRows(path: string, question: string, value: string): boolean {
  if (!existsSync(path)) return false;
  let file: ReturnType<typeof openForReading> | undefined;
  try {
    file = openForReading(path);
    return file.db.prepare(question).get(value) !== undefined;
  } catch (error) {
    // A writer is only just making it.
    if (error instanceof StoreError) return false;
    throw error;
  } finally {
    file?.close();
  }
}
