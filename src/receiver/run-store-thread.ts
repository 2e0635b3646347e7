import { workerData } from 'node:worker_threads';
import { addBooks } from '../writer/past-books.ts';
import type { MakeRecording } from '../writer/target-recordings.ts';
import { RequestDecoder } from './decode-request.ts';
import { FolderDrain } from './drain-folders.ts';
import { SettleThread } from './settle-thread.ts';
import { SpoolKeeper } from './spool-keeper.ts';
import { StoreWork } from './store-work.ts';
import type { FromStoreThread, StoreState, StoreThreadData, ToStoreThread } from './thread-messages.ts';

/** Spans that wait for a parent wait for seconds. */
const TICK_MS = 1000;
const SWEEP_MS = 60_000;
/** The first one looks for tasks of dead sessions and for what lies in the spool; it lets the first requests go before it. */
const FIRST_SWEEP_MS = 1000;
const STATE_MS = 1000;
/** How often the spool is looked at: hooks on this machine put their events there. */
const DRAIN_MS = 5000;
/** How soon after a hook event came over HTTP; those that come together are drained together. */
const HOOK_DRAIN_MS = 200;
/** Between two steps of housekeeping while requests wait. */
const HOUSEKEEPING_PAUSE_MS = 100;

/** What the storing thread runs: called once, by the module that the thread was started with. */
export function runStoreThread(makeRecording: MakeRecording): void {
  const { settings, agentId, port } = workerData as StoreThreadData;
  const post = (message: FromStoreThread): void => port.postMessage(message);
  const recording = makeRecording(settings, process.env);
  const keeper = new SpoolKeeper({ settings, agentId, env: process.env });
  const settleThread = new SettleThread(settings, (message) => drain.tell(message));
  const drain = new FolderDrain(settings, keeper.folders, recording, makeRecording, (touched) => settleThread.settle(touched));
  const work = new StoreWork({
    recording,
    decoder: new RequestDecoder(settings),
    agentId,
    answer: (answers) => post({ kind: 'answers', answers: answers.map(([id, outcome]) => ({ kind: 'otlp', id, outcome })) }),
    setAside: (spans, receivedMs) => void keeper.setAside(spans, receivedMs),
  });
  const state = (): StoreState => {
    const report = recording.report();
    return {
      report: { ...report, books: addBooks(report.books, drain.books) },
      rejected: { ...work.rejected },
      refusedSpans: work.refusedSpans,
      unusedLogs: work.unusedLogs,
      hooks: keeper.hooks,
      spool: keeper.measure(),
      findings: [...work.findings(Date.now()), ...drain.findings],
    };
  };

  let tickWanted = false;
  let sweeping: Iterator<void> | null = null;
  let drainWanted = false;
  let houseworkMs = 0;
  let scheduled = false;
  let retryTimer: NodeJS.Timeout | null = null;
  let hookTimer: NodeJS.Timeout | null = null;
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // Behind the messages that are there already: requests that wait together share a transaction.
    setImmediate(step);
  };
  const step = (): void => {
    scheduled = false;
    work.step();
    if (!work.isBusy || Date.now() - houseworkMs > HOUSEKEEPING_PAUSE_MS) keepHouse();
    if (work.isBusy || tickWanted || sweeping !== null || drainWanted) schedule();
    const due = work.nextDueMs;
    if (retryTimer !== null) clearTimeout(retryTimer);
    retryTimer = due === null ? null : setTimeout(schedule, Math.max(1, due - Date.now()));
  };
  const keepHouse = (): void => {
    if (tickWanted) {
      tickWanted = false;
      recording.tick();
    }
    if (sweeping !== null) {
      if (sweeping.next().done === true) sweeping = null;
    } else if (drainWanted) drainWanted = drain.step();
    houseworkMs = Date.now();
  };
  const wantSweep = (): void => {
    sweeping ??= recording.sweepInSteps();
    drainWanted = true;
    schedule();
  };
  const wantTick = (): void => {
    tickWanted = true;
    schedule();
  };
  const wantDrain = (): void => {
    hookTimer = null;
    drainWanted = true;
    schedule();
  };
  const timers = [
    setInterval(wantDrain, DRAIN_MS),
    setInterval(wantTick, TICK_MS),
    setInterval(wantSweep, SWEEP_MS),
    setTimeout(wantSweep, FIRST_SWEEP_MS),
    setInterval(() => post({ kind: 'state', state: state() }), STATE_MS),
  ];
  const close = (): void => {
    for (const timer of timers) clearInterval(timer);
    while (work.isBusy || work.nextDueMs !== null) work.step(true);
    for (const timer of [retryTimer, hookTimer]) if (timer !== null) clearTimeout(timer);
    scheduled = true;
    drain.close();
    settleThread.close();
    const last = state();
    recording.close();
    post({ kind: 'closed', state: last });
    port.close();
  };
  port.on('message', (message: ToStoreThread) => {
    if (message.kind === 'otlp') {
      work.accept(message.id, message.request);
      schedule();
    } else if (message.kind === 'hook') {
      post({ kind: 'answers', answers: [{ kind: 'hook', id: message.id, outcome: keeper.spoolHook(message.request) }] });
      hookTimer ??= setTimeout(wantDrain, HOOK_DRAIN_MS);
    } else close();
  });
  post({ kind: 'ready' });
}
