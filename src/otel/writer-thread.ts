import { Recorder } from '../ingest/recorder.ts';
import { runWriterThread } from '../writer/run-thread.ts';

/**
 * The module that the writer's thread is started with. No busy timeout: while a file is locked the thread must go on
 * taking what the host hands over, so it tries again by itself instead of waiting inside SQLite.
 */
runWriterThread((settings) => new Recorder({ settings, env: process.env, busyTimeoutMs: 0 }));
