import { workerData } from 'node:worker_threads';
import type { StoreThreadData } from '../../../src/receiver/thread-messages.ts';

/** A thread that comes up and then stands still, as on a disk that is gone. */
const { port } = workerData as StoreThreadData;
port.postMessage({ kind: 'ready' });
setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
