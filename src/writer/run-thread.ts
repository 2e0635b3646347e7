import { workerData } from 'node:worker_threads';
import type { Recording } from '../model/recording.ts';
import type { Settings } from '../model/settings.ts';
import { type SpoolTarget, spoolTarget } from '../spool/spool-record.ts';
import type { ThreadData, ToHost, ToThread } from './messages.ts';
import { ThreadSpool } from './thread-spool.ts';
import { ThreadWork } from './thread-work.ts';

const BEAT_MS = 30_000;
const SWEEP_MS = 60_000;
/** The first sweep looks for tasks of dead sessions; it lets the host's first spans go before it. */
const FIRST_SWEEP_MS = 1000;

export type MakeRecording = (settings: Settings) => Recording;

/** What a writer thread runs: called once, by the module that the thread was started with. */
export function runWriterThread(makeRecording: MakeRecording): void {
  const { settings, session, port, pulse } = workerData as ThreadData;
  const post = (message: ToHost): void => {
    port.postMessage(message);
    Atomics.add(pulse, 0, 1);
    Atomics.notify(pulse, 0);
  };
  const recording = makeRecording(settings);
  const others = new Map<string, Recording>();
  const ours = JSON.stringify(spoolTarget(settings));
  const recordingFor = (target: SpoolTarget): Recording => {
    const key = JSON.stringify(target);
    if (key === ours) return recording;
    let other = others.get(key);
    if (other === undefined) {
      other = makeRecording({ ...settings, ...target });
      others.set(key, other);
    }
    return other;
  };
  const spool = new ThreadSpool({ settings, env: process.env, recordingFor, post });
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
      for (const other of others.values()) other.close();
      port.close();
    },
  });
  const sweep = (): void => {
    recording.sweep();
    work.drainSpool();
    for (const other of others.values()) other.close();
    others.clear();
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
