import { parentPort, workerData } from 'node:worker_threads';
import { Recorder } from '../ingest/recorder.ts';
import { loadNativeModule } from '../store/open.ts';
import { LineMemories, type Touched } from '../writer/line-memories.ts';
import { TargetRecordings } from '../writer/target-recordings.ts';
import { writeCommitsBy } from '../writer/write-commits.ts';
import type { SettleAnswer, SettleThreadData } from './settle-thread.ts';

/** The module of the thread that tells whose the lines of commits are. It may wait for git and for locks: nobody waits for it. */
const BUSY_TIMEOUT_MS = 5000;

loadNativeModule();
const { settings } = workerData as SettleThreadData;
parentPort?.on('message', (touched: readonly Touched[]) => {
  const recordings = new TargetRecordings({
    settings,
    env: process.env,
    make: (of, env) => new Recorder({ settings: of, env, busyTimeoutMs: BUSY_TIMEOUT_MS }),
  });
  const memories = new LineMemories();
  try {
    for (const { folders, owner } of touched) memories.ask(folders, owner, () => {});
    const said = [
      ...memories.settle(writeCommitsBy((target, home) => recordings.of(target, home))),
      ...memories.tend(settings.memoryDays * 86_400_000),
    ];
    parentPort?.postMessage({ said } satisfies SettleAnswer, []);
  } finally {
    memories.close();
    recordings.close();
  }
});
