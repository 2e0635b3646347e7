import type { TargetRecordings } from '../writer/target-recordings.ts';
import type { Context } from './command.ts';

/** A reading command waits so long for a locked file, then shows what is there. */
const BUSY_TIMEOUT_MS = 1000;

export interface OpenRecordings {
  readonly recordings: TargetRecordings;
  /** What waits for its agent goes on: nobody else may come to look at it. */
  settle(): void;
  close(): void;
}

/** What a command writes that brings in what hooks left, each into its own file. */
export async function openRecordings({ settings, env }: Pick<Context, 'settings' | 'env'>): Promise<OpenRecordings> {
  const [{ TargetRecordings }, { Recorder }] = await Promise.all([
    import('../writer/target-recordings.ts'),
    import('../ingest/recorder.ts'),
  ]);
  const recorders = new Set<InstanceType<typeof Recorder>>();
  const recordings = new TargetRecordings({
    settings,
    env,
    make: (of, home) => {
      const recorder = new Recorder({ settings: of, env: home, busyTimeoutMs: BUSY_TIMEOUT_MS });
      recorders.add(recorder);
      return recorder;
    },
  });
  return {
    recordings,
    settle: () => {
      for (const recorder of recorders) recorder.settle();
    },
    close: () => recordings.close(),
  };
}
