import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classify, NO_DIALECT } from '../../src/dialect/classify.ts';
import { cleanSpan } from '../../src/dialect/clean-span.ts';
import { keepsAttribute, keepsEvent } from '../../src/dialect/kept-attributes.ts';
import { DIALECTS } from '../../src/dialect/registry.ts';
import type { Attributes, SpanRecord } from '../../src/model/span-record.ts';
import { KEYS } from './made-up-keys.ts';

const span = (more: Partial<SpanRecord>): SpanRecord => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentSpanId: null,
  parentRemote: null,
  name: 'work',
  kind: 1,
  startMs: 0,
  endMs: 10,
  durationMs: 10,
  status: 0,
  statusMessage: null,
  attributes: {},
  events: [],
  scope: { name: '', version: null },
  resource: { attributes: {} },
  ...more,
});

describe('any span at all', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.constantFrom('execute_tool', 'tools/call', 'GET', '', '0', '-1', '1e9', 'true', '/a/b?c=d', 'Error', '23', 'run-1'),
    fc.constantFrom(...KEYS.map(([, key]) => `call ${key} now`)),
    fc.emailAddress(),
  );
  const value = fc.oneof({ weight: 5, arbitrary: text }, fc.double(), fc.boolean(), fc.array(text, { maxLength: 3 }));
  const keys = [...new Set(DIALECTS.flatMap((dialect) => dialect.attributes))];
  const attributes: fc.Arbitrary<Attributes> = fc.dictionary(fc.constantFrom(...keys), value, {
    maxKeys: 12,
    noNullPrototype: true,
  });
  const names = [
    'hatchet.start_step_run',
    'hatchet.cancel_step_run',
    'hatchet.durable.wait_for',
    'execute_tool x',
    'tools/call x',
    'GET',
  ];
  const anySpan = fc
    .record({
      name: fc.oneof(fc.constantFrom(...names), text),
      kind: fc.integer({ min: 0, max: 5 }),
      status: fc.integer({ min: 0, max: 2 }),
      statusMessage: fc.option(text),
      attributes,
      endMs: fc.option(fc.constant(10)),
      events: fc.array(fc.record({ name: fc.constant('exception'), timeMs: fc.constant(5), attributes }), { maxLength: 2 }),
    })
    .map(span);

  test('is read without an error, and its texts are short and of one line', () => {
    fc.assert(
      fc.property(anySpan, (one) => {
        const { reading } = classify(one);
        if (reading.what !== 'call' && reading.what !== 'task') return;
        expect(reading.errorMessage ?? '').not.toMatch(/[\r\n\u2028\u2029]/);
        expect((reading.errorMessage ?? '').length).toBeLessThanOrEqual(500);
        expect((reading.errorType ?? '').length).toBeLessThanOrEqual(200);
        for (const [owner, key] of KEYS) {
          const texts = JSON.stringify([reading.errorMessage, reading.errorType, 'toolName' in reading && reading.toolName]);
          expect(texts.includes(key), owner).toBe(false);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('reads the same after it waited on disk', () => {
    fc.assert(
      fc.property(anySpan, (one) => {
        expect(classify(cleanSpan(one))).toEqual(classify(one));
      }),
      { numRuns: 1000 },
    );
  });

  test('that nobody knows is a step, and names the Hatchet task whose keys it bears', () => {
    expect(classify(span({ attributes: { 'hatchet.step_run_id': 'run-1', 'hatchet.retry_count': 2 } }))).toEqual({
      dialect: NO_DIALECT,
      reading: { what: 'step', source: null, reason: 'not_a_call', names: { source: 'hatchet', taskId: 'run-1', attempt: 2 } },
    });
  });
});

describe('the more specific dialect wins', () => {
  test('a tool’s span that carries HTTP attributes is a tool', () => {
    const both = { 'gen_ai.operation.name': 'execute_tool', 'http.request.method': 'POST', 'url.full': 'https://h/' };
    expect(classify(span({ kind: 3, attributes: both })).dialect).toBe('genai');
  });

  test('an end of an MCP call that says execute_tool is MCP’s', () => {
    const both = { 'gen_ai.operation.name': 'execute_tool', 'mcp.method.name': 'tools/call' };
    expect([2, 3].map((kind) => classify(span({ kind, attributes: both })).dialect)).toEqual(['mcp', 'mcp']);
    expect(classify(span({ kind: 1, attributes: both })).dialect).toBe('genai');
  });
});

describe('the doors let through', () => {
  test('what the dialects read, and the exceptions', () => {
    for (const dialect of DIALECTS) for (const key of dialect.attributes) expect(keepsAttribute(key), key).toBe(true);
    expect(keepsEvent('exception')).toBe(true);
  });

  test.each([
    'payload',
    'hatchet.payload',
    'hatchet.additional_metadata',
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.tool.call.arguments',
    'gen_ai.tool.call.result',
    'url.query',
    'http.request.header.authorization',
    'db.query.text',
    'exception.stacktrace',
  ])('not %s', (key) => expect(keepsAttribute(key)).toBe(false));
});
