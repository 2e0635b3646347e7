/**
 * A writer thread whose first life ends in the middle of a batch: after the rows are committed, before anybody is told.
 * Named by the file in AI_TRACKER_TEST_CRASHED, which says that it has happened; `always` in place of a path: every life.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { Recorder } from '../../src/ingest/recorder.ts';
import { runWriterThread } from '../../src/writer/run-thread.ts';

const marker = process.env['AI_TRACKER_TEST_CRASHED'] ?? '';

runWriterThread((settings) => {
  const recorder = new Recorder({ settings, env: process.env, busyTimeoutMs: 0 });
  const apply = recorder.apply.bind(recorder);
  recorder.apply = (batch) => {
    const outcome = apply(batch);
    if (marker === 'always' || !existsSync(marker)) {
      if (marker !== 'always') writeFileSync(marker, '');
      // Not a throw: that would be caught. The thread itself goes, as it does when it runs out of memory.
      process.exit(7);
    }
    return outcome;
  };
  return recorder;
});
