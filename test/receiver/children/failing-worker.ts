import { Recorder } from '../../../src/ingest/recorder.ts';
import type { ApplyOutcome } from '../../../src/model/recording.ts';
import type { SpanBatch } from '../../../src/model/span-record.ts';
import { runStoreThread } from '../../../src/receiver/run-store-thread.ts';

/** A recorder with a mistake in it: a span called `poison` makes it throw, one called `deadly` ends its thread. */
class FailingRecorder extends Recorder {
  override apply(batch: SpanBatch): ApplyOutcome {
    if (batch.spans.some(({ name }) => name === 'deadly')) {
      queueMicrotask(() => {
        throw new Error('the thread is to die');
      });
      return { status: 'retry', rest: batch, reason: 'locked', message: 'dying' };
    }
    const outcome = super.apply(batch);
    if (batch.spans.some(({ name }) => name === 'poison')) throw new TypeError('cannot read the price of poison');
    return outcome;
  }
}

runStoreThread((settings) => new FailingRecorder({ settings, env: process.env, busyTimeoutMs: 0 }));
