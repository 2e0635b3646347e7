/** A worker with `count` running tasks. It says `running`; told `beat`, `end` (of its tasks) or `leave`, it does that and says `done`. */
import { createInterface } from 'node:readline';
import { Recorder } from '../../../src/ingest/recorder.ts';
import { resolveSettings } from '../../../src/model/settings.ts';
import { currentSession } from '../../../src/writer/process-session.ts';
import { fromProcess, taskSpan } from '../../support/span-makers.ts';

const [folder = '', agentId = '', count = '1'] = process.argv.slice(2);
const { settings } = resolveSettings({ sharedDir: folder, agentId }, {});
const recorder = new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 5000 });
const session = currentSession();
const startMs = Date.now();
const tell = (endMs: number | null): void => {
  const spans = Array.from({ length: Number(count) }, (_, i) => taskSpan(`run-${i}`, { span: i, trace: i, startMs, endMs }));
  const outcome = recorder.apply({ origin: fromProcess(session, agentId), spans, logs: [] });
  if (outcome.status !== 'written') throw new Error(outcome.message);
};
recorder.beat(session, agentId);
tell(null);
console.log('running');
let told = 0;
createInterface({ input: process.stdin }).on('line', (word) => {
  if (word === 'beat') recorder.beat(session, agentId);
  if (word === 'end') tell(Date.now());
  if (word === 'leave') {
    recorder.end(session, agentId);
    recorder.close();
    process.exit(0);
  }
  console.log(`done ${++told}`);
});
