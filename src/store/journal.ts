import type { FileSystemKind } from './file-system.ts';

export type JournalMode = 'wal' | 'truncate' | 'delete';
export type Synchronous = 'normal' | 'full';

export interface JournalChoice {
  readonly journal: JournalMode;
  readonly synchronous: Synchronous;
  /** Settings that could not be read and were passed over, as sentences. */
  readonly problems: readonly string[];
}

const isJournal = (text: string): text is JournalMode => text === 'wal' || text === 'truncate' || text === 'delete';
const isSynchronous = (text: string): text is Synchronous => text === 'normal' || text === 'full';

/**
 * WAL and NORMAL on a local disk: a commit survives the death of the process, not a power cut. Elsewhere the rollback
 * journal with FULL, since there another host may take over after this one is gone.
 */
export function chooseJournal(kind: FileSystemKind, journal: string | null, synchronous: string | null): JournalChoice {
  const problems: string[] = [];
  const read = <T extends string>(
    text: string | null,
    is: (text: string) => text is T & string,
    name: string,
    allowed: string,
  ): T | null => {
    const wanted = text?.trim().toLowerCase() ?? '';
    if (wanted === '') return null;
    if (is(wanted)) return wanted;
    problems.push(`${name}=${JSON.stringify(text)} is not ${allowed}; the file system decides`);
    return null;
  };
  const mode =
    read(journal, isJournal, 'AI_TRACKER_JOURNAL', 'wal, truncate or delete') ?? (kind === 'local' ? 'wal' : 'truncate');
  const sync =
    read(synchronous, isSynchronous, 'AI_TRACKER_SYNCHRONOUS', 'normal or full') ?? (mode === 'wal' ? 'normal' : 'full');
  return { journal: mode, synchronous: sync, problems };
}
