import type { Reading, TaskReading } from '../model/reading.ts';
import { errorLine, scrubName } from './scrub.ts';

/**
 * The one place where free text enters a reading, whatever the dialect: names and errors lose secrets, are one line and
 * capped. Ids (of tasks, calls, runs, conversations) stay as they came: rows meet by them.
 */
export function cleanReading(reading: Reading): Reading {
  switch (reading.what) {
    case 'task':
      return {
        ...reading,
        taskType: cleanName(reading.taskType),
        errorType: cleanName(reading.errorType),
        errorMessage: cleanError(reading.errorMessage),
      };
    case 'call':
      return {
        ...reading,
        // An HTTP call's name is masked by rules of its own.
        toolName: reading.kind === 'http' ? reading.toolName : cleanName(reading.toolName),
        model: cleanName(reading.model),
        provider: cleanName(reading.provider),
        subAgent: cleanName(reading.subAgent),
        errorType: cleanName(reading.errorType),
        errorMessage: cleanError(reading.errorMessage),
        asTask: reading.asTask === null ? null : (cleanReading(reading.asTask) as TaskReading),
      };
    default:
      return reading;
  }
}

/** Names repeat: a thousand of them are remembered, so that scrubbing costs a look-up. */
const REMEMBERED = 1000;
const names = new Map<string, string>();

function cleanName(name: string | null): string | null {
  if (name === null) return null;
  let clean = names.get(name);
  if (clean === undefined) {
    clean = scrubName(name);
    if (names.size >= REMEMBERED) names.clear();
    names.set(name, clean);
  }
  return clean;
}

const cleanError = (message: string | null): string | null => (message === null ? null : errorLine(message));
