import { Recorder } from '../ingest/recorder.ts';
import { loadNativeModule } from '../store/open.ts';
import { runWriterThread } from '../writer/run-thread.ts';

/**
 * The module that the writer's thread is started with. No busy timeout: while a file is locked the thread must go on
 * taking what the host hands over, so it tries again by itself instead of waiting inside SQLite.
 */
// Now, so that a module that does not load ends the thread and is told from a file that cannot be opened.
loadNativeModule();
runWriterThread((settings, env) => new Recorder({ settings, env, busyTimeoutMs: 0 }));
