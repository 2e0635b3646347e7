/** Names the agent of a trace that waits, and waits itself for as long as the holding file is locked. */
import { Recorder } from '../../../src/ingest/recorder.ts';
import { resolveSettings } from '../../../src/model/settings.ts';
import { fromSender, T0, taskSpan } from '../../support/span-makers.ts';

const [folder = ''] = process.argv.slice(2);
const { settings } = resolveSettings({ sharedDir: folder }, {});
const recorder = new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 60_000 });
const span = taskSpan('run', { span: 1, resource: { 'agent.id': 'w' } });
recorder.apply({ origin: fromSender(T0), spans: [span], logs: [] });
console.log('moved');
