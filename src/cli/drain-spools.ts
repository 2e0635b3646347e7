import { isHookRecord } from '../spool/record-name.ts';
import { spoolFolders } from '../spool/spool-folder.ts';
import { recordNames } from '../spool/write-record.ts';
import type { Context } from './command.ts';

/** A reading command waits so long for a locked file, then shows what is there. */
const BUSY_TIMEOUT_MS = 1000;

/** Brings what waits in the spool into its files, so that what is read next is all there is to know. */
export async function drainSpools({ settings, env, out }: Context): Promise<void> {
  const folders = spoolFolders(settings, env).candidates.filter((folder) =>
    recordNames(folder).some((name) => !isHookRecord(name)),
  );
  if (folders.length === 0) return;
  const [{ drainSpool }, { decodeBatch }, { Recorder }] = await Promise.all([
    import('../spool/drain.ts'),
    import('../model/batch-codec.ts'),
    import('../ingest/recorder.ts'),
  ]);
  const recorders = new Map<string, InstanceType<typeof Recorder>>();
  try {
    for (const folder of folders) {
      const report = drainSpool(
        folder,
        (record) => {
          if (record.kind !== 'spans') return 'later';
          const batch = decodeBatch(record.batch);
          const key = JSON.stringify(record.target);
          let recorder = recorders.get(key);
          if (recorder === undefined) {
            recorder = new Recorder({ settings: { ...settings, ...record.target }, env, busyTimeoutMs: BUSY_TIMEOUT_MS });
            recorders.set(key, recorder);
          }
          return recorder.apply(batch).status === 'written' ? 'applied' : 'stop';
        },
        { maxAgeMs: settings.spoolHours * 3_600_000, leaves: isHookRecord },
      );
      for (const message of report.messages) out.note(message);
      if (report.expiredSpans > 0) {
        out.note(`${report.expiredSpans} spans waited longer than AI_TRACKER_SPOOL_HOURS in ${folder} and were given up`);
      }
      if (report.later > 0) out.note(`${report.later} records still wait in ${folder}: their file cannot be written now`);
    }
  } finally {
    for (const recorder of recorders.values()) recorder.close();
  }
}
