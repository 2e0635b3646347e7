import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../../src/model/batch-codec.ts';
import { MAX_TEXT } from '../../src/model/bounded-text.ts';
import { resolveSettings } from '../../src/model/settings.ts';
import { encodeSpans } from '../../src/otel/project-span.ts';
import { decodeJson } from '../../src/otlp/decode-json.ts';
import { ProtobufDecoder } from '../../src/otlp/decode-protobuf.ts';

const UNTOUCHED = ['worker-7', 'x'.repeat(MAX_TEXT), 'é'.repeat(MAX_TEXT), '🤖'.repeat(MAX_TEXT / 2)];
/** Each pair is one in its first MAX_TEXT units, and in many more. */
const TOO_LONG = [
  ...['x', 'é', '漢', '🤖', `x${'🤖'.repeat(3000)}`].flatMap((unit) => [`${unit.repeat(20_000)}a`, `${unit.repeat(20_000)}b`]),
  `${'x'.repeat(MAX_TEXT)}a`,
  `${'x'.repeat(MAX_TEXT)}b`,
];

/** What becomes of an agent's id, by door. */
async function ofEachDoor(id: string): Promise<Record<string, unknown>> {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'agent.id': id }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  provider
    .getTracer('t')
    .startSpan('s', { attributes: { 'agent.id': id } })
    .end();
  await provider.forceFlush();
  const spans = exporter.getFinishedSpans();
  const json = Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []).toString();
  const protobuf = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
  const origin = { door: 'otlp', agentId: null, receivedMs: 0 } as const;
  const projected = encodeSpans(spans, origin, { keepsAttribute: () => true, keepsEvent: () => true });
  const read = {
    json: decodeJson(json).spans[0],
    protobuf: new ProtobufDecoder().decode(protobuf, 'traces').spans[0],
    processor: decodeBatch(projected).spans[0],
  };
  const ids = Object.entries(read).flatMap(([door, span]) => [
    [door, span?.attributes['agent.id']],
    [`${door}, resource`, span?.resource.attributes['agent.id']],
  ]);
  return Object.fromEntries([...ids, ['environment', resolveSettings({}, { AGENT_ID: id }).settings.agentId]]) as Record<
    string,
    unknown
  >;
}

describe('an id', () => {
  test('of 4,096 characters or less is taken as it is, by every door', async () => {
    for (const id of UNTOUCHED) expect(new Set(Object.values(await ofEachDoor(id)))).toEqual(new Set([id]));
  });

  test('that is longer is one bounded id, the same by every door, and another for every other id, however late they differ', async () => {
    const ids = new Set<unknown>();
    for (const id of TOO_LONG) {
      const taken = [...new Set(Object.values(await ofEachDoor(id)))] as string[];
      expect(taken).toHaveLength(1);
      expect(taken[0]?.length).toBeLessThanOrEqual(MAX_TEXT);
      expect(taken[0]).not.toMatch(/\p{Surrogate}/u);
      expect(id.startsWith(taken[0]?.slice(0, 4000) ?? 'nothing')).toBe(true);
      ids.add(taken[0]);
    }
    expect(ids.size).toBe(TOO_LONG.length);
  });
});
