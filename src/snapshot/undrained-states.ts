import { readdirSync } from 'node:fs';
import type { SnapshotStore } from '../git/snapshot-store.ts';

/** Whether hooks keep a state now, or kept one of which no drain knows yet. */
export function hasUndrainedStates({ folder }: SnapshotStore): boolean {
  try {
    return readdirSync(folder).some((name) => name.endsWith('.index') && !name.startsWith('base-'));
  } catch {
    return false;
  }
}
