import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_OPEN_FILES } from '../../src/ingest/open-files.ts';
import type { Attributes } from '../../src/model/span-record.ts';
import { listFiles } from '../../src/store/list-files.ts';
import { currentSession } from '../../src/writer/process-session.ts';
import { column, countOf } from '../support/agent-rows.ts';
import { expectBalance, record, recorderIn } from '../support/recorder-in.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { elsewhere, fromProcess, fromSender, T0, taskSpan, toolSpan, traceId } from '../support/span-makers.ts';

const isHolding = (name: string): boolean => basename(name).startsWith('.holding-');

/** Every database below `folder`. */
const allDatabases = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.db') && statSync(join(folder, name)).isFile())
    .sort();

/** Those of agents. */
const databases = (folder: string): string[] => allDatabases(folder).filter((name) => !isHolding(name));

const HOSTILE = [
  '../../etc/x',
  '/etc/passwd',
  '..',
  '.',
  ' ',
  'x'.repeat(4096),
  `${'x'.repeat(4095)}y`,
  'Worker',
  'worker',
  'WORKER',
  'a/b',
  'a\\b',
  'a:b',
  'a?b',
  'a*b',
  'default',
  'tracker',
  'unassigned',
  'aggregated',
  'Default',
  'CON',
  'con',
  'con.txt',
  'nul',
  '🤖',
  '🤖🤖',
  'a\u0000b',
  'ab',
  'a\nb',
  'é',
  'e\u0301',
  '-rf',
  '.hidden',
  'a.db',
  'a',
  'a.db-wal',
  '{agent_id}',
  '%2e%2e%2f',
];

describe('an agent id, whatever it is', () => {
  test('has one file in the folder that no other id shares, with the id as it was given in its rows', () => {
    const root = scratchFolder();
    const folder = join(root, 'agents');
    const recorder = recorderIn(folder);
    HOSTILE.forEach((agentId, i) => record(recorder, fromSender(T0, agentId), [taskSpan(`run-${i}`, { span: i, trace: i })]));
    recorder.close();
    expect(databases(root).every((name) => relative('agents', name).split('/').length === 1)).toBe(true);
    const ids = databases(folder).map((name) => {
      const agents = column(join(folder, name), 'SELECT agent_id FROM task_executions');
      expect(column(join(folder, name), 'SELECT DISTINCT agent_id FROM agent_sessions')).toEqual(agents);
      expect(agents).toHaveLength(1);
      return agents[0];
    });
    expect(ids).toHaveLength(HOSTILE.length);
    expect(new Set(ids)).toEqual(new Set(HOSTILE));
    // Disks that fold case see as many names.
    expect(new Set(databases(folder).map((name) => name.toLowerCase())).size).toBe(HOSTILE.length);
  });

  test('stays in its own file under AI_TRACKER_DB_PATH with {agent_id}', () => {
    const root = scratchFolder();
    const dbPath = join(root, 'files', '{agent_id}.db');
    const recorder = recorderIn(root, { dbPath });
    HOSTILE.forEach((agentId, i) => record(recorder, fromSender(T0, agentId), [taskSpan(`run-${i}`, { span: i, trace: i })]));
    expect(databases(root).every((name) => name.startsWith('files/') && name.split('/').length === 2)).toBe(true);
    expect(databases(root)).toHaveLength(HOSTILE.length);
  });

  test('that is empty counts as none', () => {
    const root = scratchFolder();
    const session = currentSession();
    const recorder = recorderIn(root, { agentId: '' });
    record(recorder, fromProcess(session, null), [taskSpan('run', { span: 1 })]);
    record(recorder, fromSender(T0), [
      taskSpan('run-2', { span: 2, trace: 2, resource: { 'agent.id': '', 'service.name': 'svc' } }),
    ]);
    expect(countOf(join(root, 'home/.config/ai-tracker/tracker.db'), 'task_executions')).toBe(1);
    expect(countOf(join(root, 'svc.db'), 'task_executions')).toBe(1);
  });
});

describe('100 restarts', () => {
  test('with a random service.instance.id each keep one file, with a session each', () => {
    const folder = scratchFolder();
    for (let i = 0; i < 100; i += 1) {
      const recorder = recorderIn(folder, { agentId: 'w' });
      const resource = { 'service.name': 'worker', 'service.instance.id': crypto.randomUUID() };
      record(recorder, fromProcess(elsewhere(crypto.randomUUID(), Date.now()), 'w'), [
        taskSpan(`run-${i}`, { span: i, trace: i, resource }),
      ]);
      recorder.close();
    }
    expect(databases(folder)).toEqual(['w.db']);
    expect(countOf(join(folder, 'w.db'), 'agent_sessions')).toBe(100);
    expect(countOf(join(folder, 'w.db'), 'task_executions')).toBe(100);
  });

  test('of a sender that has only a service name keep one file too', () => {
    const folder = scratchFolder();
    const recorder = recorderIn(folder);
    for (let i = 0; i < 100; i += 1) {
      const resource = { 'service.name': 'worker', 'service.instance.id': crypto.randomUUID() };
      record(recorder, fromSender(T0), [taskSpan(`run-${i}`, { span: i, trace: i, resource })]);
    }
    expect(databases(folder)).toEqual(['worker.db']);
  });
});

/** In which agent's file each span of one batch by `ingest` ended, by span number. */
function whereTheyGo(
  spans: readonly {
    readonly trace?: number;
    readonly span: number;
    readonly parent?: number;
    attributes?: Attributes;
    resource?: Attributes;
  }[],
  options: { agentId?: string; agentAttributes?: string[] } = {},
  door: 'file' | 'otlp' = 'file',
): Record<string, string[]> {
  const folder = scratchFolder();
  const recorder = recorderIn(folder, options);
  record(
    recorder,
    { door, agentId: null, receivedMs: T0 },
    // Each another tool: one tool within itself is one call.
    spans.map((plan) => toolSpan({ ...plan, attributes: { 'gen_ai.tool.name': `tool-${plan.span}`, ...plan.attributes } })),
  );
  recorder.settle();
  expectBalance(recorder);
  const found: Record<string, string[]> = {};
  for (const name of allDatabases(folder)) {
    const table = isHolding(name) ? 'held_spans' : 'tool_calls';
    const held = column(join(folder, name), `SELECT span_id FROM ${table} ORDER BY 1`) as string[];
    if (held.length > 0)
      found[name.replace(/^\.holding.*/, 'waiting').replace('.db', '')] = held.map((id) =>
        String(Number.parseInt(id, 16) - 0xb0000000),
      );
  }
  return found;
}

describe('the agent of a span that came by ingest or serve', () => {
  test('is that of the span, of its resource, of the nearest ancestor, of the trace, of its service, in this order', () => {
    expect(
      whereTheyGo([
        { span: 1, attributes: { 'agent.id': 'own' }, resource: { 'agent.id': 'resource', 'service.name': 'svc' } },
        { span: 2, trace: 2, resource: { 'agent.id': 'resource', 'gen_ai.main_agent.id': 'main', 'service.name': 'svc' } },
        { span: 3, trace: 3, resource: { 'gen_ai.main_agent.id': 'main', 'gen_ai.agent.id': 'entity', 'service.name': 'svc' } },
        { span: 4, trace: 4, resource: { 'gen_ai.agent.id': 'entity', 'service.name': 'svc' } },
        { span: 5, trace: 1, parent: 50, resource: { 'service.name': 'svc' } },
        { span: 50, trace: 1, parent: 1, resource: { 'service.name': 'svc' } },
        { span: 51, trace: 1, attributes: { 'agent.id': 'other' } },
        { span: 6, trace: 4, parent: 999, resource: { 'service.name': 'svc' } },
        { span: 7, trace: 7, resource: { 'service.name': 'svc' } },
      ]),
    ).toEqual({ own: ['1', '5', '50'], other: ['51'], resource: ['2'], main: ['3'], entity: ['4', '6'], svc: ['7'] });
  });

  test('is not guessed where a trace has two and no ancestor says which', () => {
    expect(
      whereTheyGo([
        { span: 1, attributes: { 'agent.id': 'a' } },
        { span: 2, attributes: { 'agent.id': 'b' } },
        { span: 3, parent: 999 },
        { span: 4, parent: 1 },
      ]),
    ).toEqual({ a: ['1', '4'], b: ['2'], waiting: ['3'] });
  });

  test('is not a sub-agent, not an instance, not a nameless service', () => {
    expect(
      whereTheyGo([
        {
          span: 1,
          attributes: { 'gen_ai.agent.id': 'sub', 'gen_ai.agent.name': 'sub' },
          resource: { 'service.instance.id': 'i' },
        },
        { span: 2, trace: 2, resource: { 'service.name': 'unknown_service:node' } },
        { span: 3, trace: 3, resource: { 'service.name': 'unknown_service' } },
      ]),
    ).toEqual({ waiting: ['1', '2', '3'] });
  });

  test.each(['claude-code', 'codex', 'codex_cli_rs', 'codex_exec', 'codex_vscode', 'gemini-cli', 'copilot-chat', 'Claude-Code'])(
    'is not %s, a tool that an agent uses',
    (service) => expect(whereTheyGo([{ span: 1, resource: { 'service.name': service } }])).toEqual({ waiting: ['1'] }),
  );

  test('is the instance of an agent-swarm worker or lead, but not of its API, whose instance is random', () => {
    const swarm = (role: string) => ({
      'service.name': 'agent-swarm',
      'service.instance.id': `id-of-${role}`,
      'agentswarm.service.role': role,
    });
    expect(
      whereTheyGo([
        { span: 1, resource: swarm('worker') },
        { span: 2, trace: 2, resource: swarm('lead') },
        { span: 3, trace: 3, resource: { ...swarm('api'), 'service.name': 'agent-swarm-api' } },
      ]),
    ).toEqual({ 'id-of-worker': ['1'], 'id-of-lead': ['2'], 'agent-swarm-api': ['3'] });
  });

  test('is what AI_TRACKER_AGENT_ATTRIBUTES says, which replaces the list', () => {
    expect(
      whereTheyGo(
        [
          { span: 1, attributes: { crew: 'red', 'agent.id': 'x' }, resource: { 'agent.id': 'y' } },
          { span: 2, trace: 2, resource: { crew: 'blue' } },
        ],
        {
          agentAttributes: ['crew'],
        },
      ),
    ).toEqual({ red: ['1'], blue: ['2'] });
  });

  test('is AGENT_ID as a last resort by ingest, never by serve', () => {
    const spans = [{ span: 1 }, { span: 2, trace: 2, resource: { 'agent.id': 'a' } }];
    expect(whereTheyGo(spans, { agentId: 'fallback' }, 'file')).toEqual({ fallback: ['1'], a: ['2'] });
    expect(whereTheyGo(spans, { agentId: 'fallback' }, 'otlp')).toEqual({ waiting: ['1'], a: ['2'] });
  });
});

describe('a process', () => {
  test('that names no agent lets its spans name it, each for its own file', () => {
    const root = scratchFolder();
    const recorder = recorderIn(root);
    const spans = ['a', 'b'].map((agent, i) => taskSpan(agent, { span: i, trace: i, attributes: { 'agent.id': agent } }));
    record(recorder, fromProcess(currentSession(), null), spans);
    for (const agent of ['a', 'b'])
      expect(column(join(root, `${agent}.db`), 'SELECT task_id FROM task_executions')).toEqual([agent]);
  });

  test('with AGENT_ID keeps all its spans, whatever they say', () => {
    const root = scratchFolder();
    const recorder = recorderIn(root, { agentId: 'w' });
    record(recorder, fromProcess(currentSession(), 'w'), [
      taskSpan('run', { span: 1, attributes: { 'agent.id': 'a' }, resource: { 'agent.id': 'b' } }),
    ]);
    expect(databases(root)).toEqual(['w.db']);
  });
});

test('more agents than files may be open at once all get their rows', () => {
  const folder = scratchFolder();
  const recorder = recorderIn(folder);
  for (const round of [0, 1]) {
    const spans = Array.from({ length: 150 }, (_, i) =>
      taskSpan(`run-${round}-${i}`, { span: i, trace: 1000 * round + i, resource: { 'agent.id': `agent-${i}` } }),
    );
    record(recorder, fromSender(T0), spans);
  }
  expect(recorder.report().files.length).toBeLessThanOrEqual(MAX_OPEN_FILES);
  const counts = databases(folder).map((name) => countOf(join(folder, name), 'task_executions', `trace_id <> '${traceId(-1)}'`));
  expect(counts).toEqual(Array.from({ length: 150 }, () => 2));
});

test('the holding file is no agent for readers, in a folder or by a path with {agent_id}', () => {
  const root = scratchFolder();
  const dbPath = join(root, '{agent_id}.db');
  const recorder = recorderIn(root, { dbPath });
  record(recorder, fromSender(T0), [toolSpan({ span: 1 }), toolSpan({ span: 2, trace: 2, resource: { 'agent.id': 'a' } })]);
  expect(allDatabases(root).filter(isHolding)).toHaveLength(1);
  const names = (settings: { dbPath: string | null; sharedDir: string | null }) =>
    listFiles(settings, { HOME: root }).map((file) => relative(root, file.path));
  expect(names({ dbPath, sharedDir: null })).toEqual(['a.db']);
  expect(names({ dbPath: null, sharedDir: root })).toEqual(['a.db']);
});
