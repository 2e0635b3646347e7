import { spoolFolders } from '../spool/spool-folder.ts';
import { waitingFolders } from '../spool/waiting-lines.ts';
import { recordNames } from '../spool/write-record.ts';
import type { Context } from './command.ts';
import { openRecordings } from './open-recordings.ts';

/**
 * Brings what waits in the spool into its files, so that what is read next is all there is to know.
 *
 * @param isPatient nobody waits for it: it may take a minute for the work trees in which keeping a state took too long
 */
export async function drainSpools({ settings, env, out }: Context, isPatient = false): Promise<void> {
  const folders = spoolFolders(settings, env).candidates.filter(
    (folder) => recordNames(folder).length > 0 || waitingFolders(folder).length > 0,
  );
  if (folders.length === 0) return;
  const [{ drainFolder, drainWaiting }, { SpoolApplier }, open] = await Promise.all([
    import('../writer/drain-folder.ts'),
    import('../writer/apply-spooled.ts'),
    openRecordings({ settings, env }),
  ]);
  const { recordings } = open;
  try {
    for (const folder of folders) {
      const applier = new SpoolApplier((target, home) => recordings.of(target, home));
      const limits = { maxAgeMs: settings.spoolHours * 3_600_000, maxBytes: settings.spoolMaxMb * 1024 * 1024 };
      const report = drainFolder(folder, applier, limits);
      const waited = drainWaiting(folder, applier, limits);
      for (const message of [...report.messages, ...waited, ...applier.tend(settings, isPatient)]) out.note(message);
      const expired = [told(report.expiredSpans, 'span'), told(report.expiredHooks, 'hook event')].filter((part) => part !== '');
      if (expired.length > 0)
        out.note(`${expired.join(' and ')} waited longer than AI_TRACKER_SPOOL_HOURS in ${folder} and were given up`);
      if (report.later > 0)
        out.note(
          `${report.later} records still wait in ${folder}: their file cannot be written now, or a newer version has to read them`,
        );
    }
    open.settle();
  } finally {
    open.close();
  }
}

const told = (count: number, what: string): string => (count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`);
