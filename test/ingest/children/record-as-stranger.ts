/** A process that is not root. Told `<agent> <number>` it records a task of that agent and says the outcome, one JSON line each. */
import { createInterface } from 'node:readline';
import { Recorder } from '../../../src/ingest/recorder.ts';
import { imbalance } from '../../../src/model/books.ts';
import { resolveSettings } from '../../../src/model/settings.ts';
import { dropPrivileges } from '../../support/drop-privileges.ts';
import { fromSender, T0, taskSpan } from '../../support/span-makers.ts';

const [folder = '', home = ''] = process.argv.slice(2);
dropPrivileges();
const { settings } = resolveSettings({ sharedDir: folder }, {});
const recorder = new Recorder({ settings, env: { HOME: home }, busyTimeoutMs: 0 });
console.log('ready');
createInterface({ input: process.stdin }).on('line', (line) => {
  const [agentId = '', n = ''] = line.split(' ');
  const span = taskSpan(`run-${n}`, { span: Number(n), trace: Number(n) });
  const outcome = recorder.apply({ origin: fromSender(T0, agentId), spans: [span], logs: [] });
  const { findings, books } = recorder.report();
  const balances = Object.values(books).every((of) => imbalance(of) === 0);
  const said = outcome.status === 'written' ? 'written' : `retry ${outcome.reason} ${outcome.rest.spans.length}`;
  console.log(JSON.stringify({ n, said, red: findings.filter((f) => f.level === 'red').map((f) => f.code), balances }));
});
