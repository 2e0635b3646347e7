import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RecorderOptions } from '../../src/model/settings.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { aiTracker } from '../cli/command.ts';
import { record, recorderIn, rowsIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { fromSender, T0, taskSpan, toolSpan } from '../support/span-makers.ts';

const SETTINGS: RecorderOptions = resolveSettings(
  {},
  { AI_TRACKER_LABEL_KEYS: 'tenant, ticket,pr', AI_TRACKER_LABELS: 'region=eu,tenant=nobody' },
).settings;
const OPTIONS = { labelKeys: SETTINGS.labelKeys ?? [], labels: SETTINGS.labels ?? [] };

const labelsIn = (folder: string): unknown[] =>
  rowsIn(join(folder, 'a.db'), 'select task_execution_id as task, key, value, source from task_labels order by 1, 2').map((row) =>
    Object.values(row).join(' '),
  );

/** What stands in task_labels after these batches. */
function labels(batches: readonly (readonly SpanRecord[])[], options: RecorderOptions = OPTIONS): unknown[] {
  const folder = scratchFolder();
  const recorder = recorderIn(folder, options);
  for (const batch of batches) record(recorder, fromSender(T0, 'a'), batch);
  recorder.close();
  return labelsIn(folder);
}

describe('labels of a task', () => {
  test('are the attributes of the list: the span’s before the resource’s, that before a fixed label', () => {
    const resource = { tenant: 'of-resource', ticket: 'ABC-1', secret: 'x' };
    expect(labels([[taskSpan('one', { span: 1, attributes: { tenant: 'acme', pr: 12, other: 'y' }, resource })]])).toEqual([
      'hatchet:one:0 pr 12 span',
      'hatchet:one:0 region eu setting',
      'hatchet:one:0 tenant acme span',
      'hatchet:one:0 ticket ABC-1 resource',
    ]);
    expect(labels([[taskSpan('one', { span: 1 })]])).toEqual([
      'hatchet:one:0 region eu setting',
      'hatchet:one:0 tenant nobody setting',
    ]);
  });

  test('are none where nobody asked for any', () => {
    expect(labels([[taskSpan('one', { span: 1, attributes: { tenant: 'acme' } })]], {})).toEqual([]);
  });

  test('are those of its own span, not of calls within it', () => {
    const attributes = { tenant: 'acme', ticket: 'T-1' };
    expect(labels([[taskSpan('one', { span: 1 }), toolSpan({ span: 2, parent: 1, attributes })]])).toEqual(
      labels([[taskSpan('one', { span: 1 })]]),
    );
  });

  test('that were set late come with the end, and a second span that lacks them takes none away, in any order', () => {
    const started = taskSpan('one', { span: 1, endMs: null });
    const ended = taskSpan('one', { span: 1, attributes: { tenant: 'acme' } });
    const resumed = taskSpan('one', { span: 2, startMs: T0 + 1000 });
    const expected = ['hatchet:one:0 region eu setting', 'hatchet:one:0 tenant acme span'];
    const orders = [
      [started, ended, resumed],
      [resumed, started, ended],
      [ended, resumed, started],
      [resumed, ended],
    ];
    for (const order of orders) expect(labels(order.map((span) => [span]))).toEqual(expected);
  });

  test('change nothing when they come again', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder, OPTIONS);
    const span = taskSpan('one', { span: 1, attributes: { tenant: 'acme' } });
    const seq = (): unknown => rowsIn(join(folder, 'a.db'), 'select seq from change_counter');
    record(recorder, fromSender(T0, 'a'), [span]);
    const before = seq();
    record(recorder, fromSender(T0, 'a'), [span]);
    record(recorder, fromSender(T0, 'a'), [taskSpan('one', { span: 1 })]);
    expect(seq()).toEqual(before);
  });

  test('are kept short and without keys or credentials', () => {
    const key = ['sk', 'ant', 'api03', 'a'.repeat(40)].join('-');
    const [pr, , tenant, ticket] = labels([
      [taskSpan('one', { span: 1, attributes: { tenant: key, ticket: 'x'.repeat(900), pr: 'https://u:p@host/pull/7' } })],
    ]) as string[];
    expect(tenant).not.toContain('aaaa');
    expect(ticket?.length).toBeLessThan(250);
    expect(pr).not.toContain('u:p');
    expect(pr).toContain('host/pull/7');
  });
});

test('ai-tracker ingest reads them from the environment, and task shows them', async () => {
  const home = scratchFolder();
  const attribute = (key: string, value: string): unknown => ({ key, value: { stringValue: value } });
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    name: 'hatchet.start_step_run',
    kind: 5,
    startTimeUnixNano: String(T0 * 1e6),
    endTimeUnixNano: String((T0 + 1000) * 1e6),
    attributes: [attribute('step_run_id', 'step-1'), attribute('tenant', 'acme')],
    status: {},
  };
  const resource = { attributes: [attribute('team', 'red')] };
  const request = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'x' }, spans: [span] }] }] });
  const env = {
    AI_TRACKER_LABEL_KEYS: 'tenant,team',
    AI_TRACKER_LABELS: 'region=eu',
    AI_TRACKER_SHARED_DIR: join(home, 'agents'),
  };
  expect(await aiTracker(['ingest', '--agent', 'a', '-'], { home, env, input: request })).toMatchObject({ code: 0, stderr: '' });
  const shown = await aiTracker(['task', 'step-1'], { home, env });
  expect(shown.stdout).toMatch(/^Labels +region=eu, team=red, tenant=acme$/m);
  const { labels: rows } = JSON.parse((await aiTracker(['task', 'step-1', '--json'], { home, env })).stdout) as {
    labels: unknown[];
  };
  expect(rows).toEqual([
    { key: 'region', value: 'eu', source: 'setting' },
    { key: 'team', value: 'red', source: 'resource' },
    { key: 'tenant', value: 'acme', source: 'span' },
  ]);
});
