import { existsSync } from 'node:fs';
import { holdingFile, lookingProbe } from '../../store/agent-file.ts';
import { openForReading } from '../../store/open.ts';
import { asStoreError, StoreError } from '../../store/store-error.ts';
import { ageText, counted } from './amounts.ts';
import { unusable } from './disk-room.ts';
import { finding, fine } from './findings.ts';
import type { Check } from './sight.ts';

const OLD_MS = 3_600_000;

/** Spans whose agent nothing has named yet. */
export const waitingRows: Check = {
  about: 'waiting',
  run(sight) {
    const { settings, env, nowMs } = sight;
    const path = pathOf(settings, env);
    if (path === null || !existsSync(path)) return [];
    try {
      const file = openForReading(path, { busyTimeoutMs: 500 });
      try {
        const { spans, oldest } = file.db.prepare('SELECT count(*) AS spans, min(held_at) AS oldest FROM held_spans').get() as {
          spans: number;
          oldest: number | null;
        };
        if (spans === 0 || oldest === null) return [fine('no span waits for its agent')];
        const age = nowMs - oldest * 1000;
        const message = `${counted(spans, 'span waits for its agent', 'spans wait for their agent')}, the oldest since ${ageText(age)}`;
        if (age <= OLD_MS) return [fine(message)];
        return [finding('rows-waiting', `${message}; after ${settings.holdHours} h they go to the agent \`unassigned\``)];
      } finally {
        file.close();
      }
    } catch (error) {
      const told = asStoreError(error, 'read', path);
      if (!(told instanceof StoreError)) throw error;
      return [unusable(told, path, sight)];
    }
  },
};

function pathOf(...[settings, env]: Parameters<typeof holdingFile>): string | null {
  try {
    return holdingFile(settings, env, lookingProbe)?.path ?? null;
  } catch {
    // No folder takes a file, which the check of the files says.
    return null;
  }
}
