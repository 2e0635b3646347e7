import { Recorder } from '../ingest/recorder.ts';
import { loadNativeModule } from '../store/open.ts';
import { runStoreThread } from './run-store-thread.ts';

/** The module that the storing thread is started with. No busy timeout: a file that is locked must not hold up the others. */
// Now, so that a module that does not load ends the thread and is told from a file that cannot be opened.
loadNativeModule();
runStoreThread((settings, env) => new Recorder({ settings, env, busyTimeoutMs: 0 }));
