/** Records tasks with a call each, two a batch, as a build of today (`old`) or of a later schema (`new`); says how often it had to wait. */
import { FileRecorder } from '../../../src/ingest/file-recorder.ts';
import { Ledger } from '../../../src/ingest/ledger.ts';
import { Recorder } from '../../../src/ingest/recorder.ts';
import { SessionFinder } from '../../../src/ingest/session-sight.ts';
import { imbalance } from '../../../src/model/books.ts';
import { resolveSettings } from '../../../src/model/settings.ts';
import type { SpanRecord } from '../../../src/model/span-record.ts';
import { openForWriting } from '../../../src/store/open.ts';
import { futureMigrations } from '../../support/future-schema.ts';
import { fromSender, taskSpan, toolSpan } from '../../support/span-makers.ts';

const [build = 'old', dbPath = '', name = '1', count = '100'] = process.argv.slice(2);
const origin = fromSender(Date.now(), 'w');
const resource = { 'service.name': 'worker', 'service.instance.id': name };
const ledger = new Ledger();

/** @returns a function that says whether a batch is written */
function today(): (spans: readonly SpanRecord[]) => boolean {
  const { settings } = resolveSettings({ dbPath }, {});
  const recorder = new Recorder({ settings, env: {}, busyTimeoutMs: 0 });
  process.once('beforeExit', () => {
    for (const of of Object.values(recorder.report().books)) if (imbalance(of) !== 0) throw new Error('the books do not balance');
  });
  return (spans) => {
    const outcome = recorder.apply({ origin, spans, logs: [] });
    if (outcome.status === 'retry' && outcome.reason !== 'locked') throw new Error(outcome.message);
    return outcome.status === 'written';
  };
}

function later(): (spans: readonly SpanRecord[]) => boolean {
  const file = openForWriting(dbPath, { busyTimeoutMs: 30_000, migrations: futureMigrations() });
  const recorder = new FileRecorder(file, ledger, { keys: [], fixed: [] }, [], Date.now);
  const sessions = new SessionFinder();
  return (spans) => {
    recorder.apply(spans.map((span) => ({ span, agentId: 'w', session: sessions.of(span.resource, 'w', origin) })));
    return true;
  };
}

const write = build === 'new' ? later() : today();
for (let n = 0; n < Number(count); n += 1) {
  const at = 1_000_000 * Number(name) + 2 * n;
  const spans = [
    taskSpan(`${name}-${n}`, { span: at, trace: at, resource }),
    toolSpan({ span: at + 1, trace: at, parent: at, resource }),
  ];
  while (!write(spans)) await new Promise((resolve) => setTimeout(resolve, 1));
  if (n === 20) console.log('writing');
}
console.log('done');
