import { workerData } from 'node:worker_threads';
import type { ThreadData, ToHost, ToThread } from './messages.ts';
import { type MakeRecording, TargetRecordings } from './target-recordings.ts';
import { ThreadSpool } from './thread-spool.ts';
import { ThreadWork } from './thread-work.ts';

const BEAT_MS = 30_000;
const SWEEP_MS = 60_000;
/** The first sweep looks for tasks of dead sessions; it lets the host's first spans go before it. */
const FIRST_SWEEP_MS = 1000;

/** What a writer thread runs: called once, by the module that the thread was started with. */
export function runWriterThread(makeRecording: MakeRecording): void {
  const { settings, session, port, pulse } = workerData as ThreadData;
  const post = (message: ToHost): void => {
    port.postMessage(message);
    Atomics.add(pulse, 0, 1);
    Atomics.notify(pulse, 0);
  };
  const recording = makeRecording(settings, process.env);
  const recordings = new TargetRecordings({ settings, env: process.env, make: makeRecording, own: recording });
  const spool = new ThreadSpool({ settings, env: process.env, recordings, post });
  const timers: NodeJS.Timeout[] = [];
  const work = new ThreadWork({
    recording,
    spool,
    session,
    agentId: settings.agentId,
    queueMax: settings.queueMax,
    post,
    onClosed: () => {
      for (const timer of timers) clearInterval(timer);
      recordings.close();
      port.close();
    },
  });
  const sweep = (): void => {
    recording.sweep();
    work.drainSpool();
    recordings.close();
  };
  port.on('message', (message: ToThread) => {
    if (message.kind === 'batch') work.accept(message);
    else work.close(message.waitMs);
  });
  recording.beat(session, settings.agentId);
  timers.push(
    setInterval(() => recording.beat(session, settings.agentId), BEAT_MS),
    setInterval(sweep, SWEEP_MS),
    setTimeout(sweep, FIRST_SWEEP_MS),
  );
  post({ kind: 'ready' });
}
