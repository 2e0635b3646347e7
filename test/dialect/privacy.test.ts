import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attributeFilter, keepsEvent } from '../../src/dialect/kept-attributes.ts';
import { Recorder } from '../../src/ingest/recorder.ts';
import { decodeBatch } from '../../src/model/batch-codec.ts';
import { type RecorderOptions, resolveSettings } from '../../src/model/settings.ts';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { encodeSpans } from '../../src/otel/project-span.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { KEYS } from './made-up-keys.ts';

/** What people say to models and what these answer: nothing of it may get past a door, so no rule needs to recognise it. */
const CONTENT = ['tell nobody that Rumpelstiltskin', 'hunter2-in-plain-words', 'Musterstrasse 12, Musterstadt'];
const CONTENT_ATTRIBUTES = [
  'payload',
  'hatchet.payload',
  'hatchet.additional_metadata',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.prompt',
  'gen_ai.system_instructions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.tool.definitions',
  'mcp.request.argument.city',
  'url.query',
  'http.request.header.authorization',
  'http.request.header.cookie',
  'http.user_agent',
  'enduser.id',
  'db.statement',
  'exception.stacktrace',
  'process.command_args',
  'code.filepath',
];

/** Keys that only their randomness betrays. In a label they stay: the ids of tenants look the same. */
const UNMARKED: ReadonlySet<string> = new Set(
  KEYS.map(([owner]) => owner).filter((owner) => /^AWS se|hexadecimal|unknown/.test(owner)),
);

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}
const attribute = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

/** Spans of every dialect that bear the key wherever a text may stand. */
function requestWith(key: string, owner: string, index: number): object {
  const told = (prefix: string): string => `${prefix} with ${key} at https://bob:${key}@h.example.com/p/${key}/x?sig=${key}`;
  const content = CONTENT_ATTRIBUTES.map((name, i) => attribute(name, `${CONTENT[i % CONTENT.length]} ${key}`));
  const failed = [
    attribute('error.type', told('odd type')),
    attribute('error.message', told('message')),
    attribute('http.error_name', told('name')),
    attribute('http.error_message', told('message')),
  ];
  const span = (id: number, name: string, kind: number, attributes: Attribute[], parent = '') => ({
    traceId: (0xc0ffee00 + index).toString(16).padStart(32, '0'),
    spanId: id.toString(16).padStart(16, '0'),
    parentSpanId: parent && parent.padStart(16, '0'),
    name,
    kind,
    startTimeUnixNano: '1768471200000000000',
    endTimeUnixNano: '1768471200010000000',
    status: { code: 2, message: told('it broke') },
    attributes: [...attributes, ...content, ...failed, attribute('tenant', UNMARKED.has(owner) ? 'acme' : told('tenant'))],
    events: [
      {
        name: 'exception',
        timeUnixNano: '1768471200010000000',
        attributes: [
          attribute('exception.type', `Odd ${key}`),
          attribute('exception.message', `${told('thrown')}\n${CONTENT[0]}`),
          attribute('exception.stacktrace', told('at')),
        ],
      },
      { name: 'gen_ai.choice', timeUnixNano: '1768471200010000000', attributes: content },
    ],
  });
  const spans = [
    span(1, 'hatchet.start_step_run', 5, [
      attribute('step_run_id', `run-${index}`),
      attribute('action_name', told('action')),
      attribute('step_name', told('step')),
    ]),
    span(
      2,
      told('execute_tool x'),
      1,
      [
        attribute('gen_ai.operation.name', 'execute_tool'),
        attribute('gen_ai.tool.name', told('tool')),
        attribute('gen_ai.agent.name', told('agent')),
      ],
      '1',
    ),
    span(3, `execute_tool ${key}`, 1, [attribute('gen_ai.operation.name', 'execute_tool')], '1'),
    span(4, `tools/call ${key}`, 3, [attribute('mcp.method.name', 'tools/call')], '2'),
    span(
      5,
      told('GET'),
      3,
      [attribute('http.request.method', 'GET'), attribute('url.full', `https://${key}@h.example.com/bot/${key}?a=${key}#${key}`)],
      '1',
    ),
    span(
      6,
      told('GET'),
      3,
      [
        attribute('http.method', 'GET'),
        attribute('http.host', `${'user'}:pw@h.example.com`),
        attribute('http.target', `/v1/token/${key}?a=${key}`),
      ],
      '1',
    ),
    span(7, told('GET'), 2, [attribute('http.method', 'GET'), attribute('url.path', `/v1/${key}`)], '5'),
    span(8, told('hatchet.cancel_step_run'), 5, [attribute('hatchet.step_run_id', `run-${index}`)]),
    span(9, told('a step of the app'), 1, [], '1'),
  ];
  return { resourceSpans: [{ resource: { attributes: content }, scopeSpans: [{ scope: { name: 'app' }, spans }] }] };
}

const OPTIONS: RecorderOptions = { labelKeys: ['tenant'] };
const KEPT = { keepsAttribute: attributeFilter(['tenant']), keepsEvent };
const BY_OTLP = KEYS.flatMap(([owner, key], i) => decodeJson(JSON.stringify(requestWith(key, owner, i)), KEPT).spans);

/** The same spans as the SDK's processor hands them over. */
function byProcess(spans: readonly SpanRecord[]): readonly SpanRecord[] {
  const readable = spans.map((span) => ({
    name: span.name,
    kind: span.kind - 1,
    ended: true,
    startTime: [1768471200, 0],
    endTime: [1768471200, 10_000_000],
    status: { code: span.status, message: span.statusMessage ?? '' },
    attributes: { ...span.attributes, ...Object.fromEntries(CONTENT_ATTRIBUTES.map((name) => [name, CONTENT[0]])) },
    events: span.events.map((event) => ({ name: event.name, time: [1768471200, 0], attributes: event.attributes })),
    resource: span.resource,
    instrumentationScope: span.scope,
    parentSpanContext: span.parentSpanId === null ? undefined : { spanId: span.parentSpanId },
    spanContext: () => ({ traceId: span.traceId, spanId: span.spanId }),
  }));
  const origin = { door: 'otlp', agentId: null, receivedMs: 0 } as const;
  return decodeBatch(encodeSpans(readable as never, origin, KEPT)).spans;
}

/** Records the spans and returns every byte that then lies in the folder. */
function bytesAfter(spans: readonly SpanRecord[], agentId: string | null): { bytes: string; files: string[] } {
  const folder = scratchFolder();
  const { settings } = resolveSettings({ ...OPTIONS, sharedDir: folder }, {});
  const recorder = new Recorder({ settings, env: { HOME: folder }, busyTimeoutMs: 0, now: () => Date.UTC(2026, 0, 15, 10) });
  const outcome = recorder.apply({ origin: { door: 'otlp', agentId, receivedMs: 0 }, spans, logs: [] });
  expect(outcome.status).toBe('written');
  // The write-ahead log too, before and after it is folded back.
  const read = (): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  const open = read();
  recorder.close();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return { bytes: [...open, ...read()].join('\n'), files };
}

function expectNoSecret(bytes: string): void {
  for (const [owner, key] of KEYS) {
    expect(bytes.includes(key), `${owner}: the whole key`).toBe(false);
    expect(bytes.includes(key.slice(-14)), `${owner}: its end`).toBe(false);
  }
  for (const content of CONTENT) expect(bytes.includes(content), content).toBe(false);
  expect(bytes.includes('sig=')).toBe(false);
}

describe('no secret and no content lies in any byte of', () => {
  test.each([
    ['an agent’s file, of spans that came by OTLP', BY_OTLP, 'agent-1', 'agent-1.db'],
    ['an agent’s file, of spans that a processor saw', byProcess(BY_OTLP), 'agent-1', 'agent-1.db'],
    ['the holding file, while the agent is not known', BY_OTLP, null, 'holding'],
  ])('%s', (_what, spans, agentId, name) => {
    const { bytes, files } = bytesAfter(spans, agentId);
    expect(files.join()).toContain(name);
    // The test sees what is there: an id and a part of every message.
    expect(bytes).toContain('run-0');
    expect(bytes).toContain('it broke with');
    expectNoSecret(bytes);
  });
});

test('the spans of this test bear what they must not leave', () => {
  const all = JSON.stringify(BY_OTLP);
  for (const [owner, key] of KEYS) expect(all.includes(JSON.stringify(key).slice(1, -1)), owner).toBe(true);
  expect(all).toContain('sig=');
  for (const content of CONTENT.slice(1)) expect(all, content).not.toContain(content);
});
