import { gzipSync } from 'node:zlib';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bytesField, lyingField } from '../support/protobuf-writer.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { ServeProcess } from '../support/serve-process.ts';

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';

/** As the SDK exports them. */
async function realMetrics(): Promise<{ json: Uint8Array; protobuf: Uint8Array }> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('test');
  meter.createCounter('tokens').add(3, { model: 'm' });
  meter.createHistogram('seconds').record(0.2);
  await reader.forceFlush();
  const [metrics] = exporter.getMetrics();
  await provider.shutdown();
  if (metrics === undefined) throw new Error('the SDK exported nothing');
  const json = JsonMetricsSerializer.serializeRequest(metrics);
  const protobuf = ProtobufMetricsSerializer.serializeRequest(metrics);
  if (json === undefined || protobuf === undefined) throw new Error('the SDK serialised nothing');
  return { json, protobuf };
}

async function serving() {
  const serve = await ServeProcess.start({ folder: scratchFolder() });
  onTestFinished(() => serve.kill());
  const post = async (type: string, body: Uint8Array | string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${serve.url}/v1/metrics`, {
      ...{ method: 'POST', headers: { 'content-type': type, ...headers }, body: Buffer.from(body) },
    });
    return { status: response.status, text: await response.text() };
  };
  return { serve, post };
}

describe('metrics that nobody takes', () => {
  test('are answered with 200 and a warning where they are well-formed, in both encodings, packed or not; no file is made', async () => {
    const { serve, post } = await serving();
    const real = await realMetrics();
    for (const [type, body] of [
      [JSON_TYPE, real.json],
      [PROTOBUF_TYPE, real.protobuf],
      [JSON_TYPE, '{}'],
      [PROTOBUF_TYPE, ''],
    ] as const) {
      for (const [sent, headers] of [
        [body, {}],
        [gzipSync(body), { 'content-encoding': 'gzip' }],
      ] as const) {
        const { status, text } = await post(type, sent, headers);
        expect([type, status]).toEqual([type, 200]);
        expect(text).toContain('AI_TRACKER_FORWARD_ENDPOINT');
      }
    }
    const health = (await (await fetch(`${serve.url}/healthz`)).json()) as { status: string; files_open: number };
    expect(health).toMatchObject({ status: 'green', files_open: 0 });
  });

  test('are refused with 400 where they are none', async () => {
    const { post } = await serving();
    const real = await realMetrics();
    const garbage: readonly (readonly [what: string, type: string, body: Uint8Array | string])[] = [
      ['text as JSON', JSON_TYPE, 'hello'],
      ['nothing as JSON', JSON_TYPE, ''],
      ['JSON that is cut', JSON_TYPE, real.json.subarray(0, -5)],
      ['JSON that is no UTF-8', JSON_TYPE, Uint8Array.of(0x22, 0xff, 0x22)],
      ['a list', JSON_TYPE, '[]'],
      ['a text for the resources', JSON_TYPE, '{"resourceMetrics":"all"}'],
      ['a number for a scope', JSON_TYPE, '{"resourceMetrics":[{"scopeMetrics":[7]}]}'],
      ['a number for a metric', JSON_TYPE, '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[7]}]}]}'],
      ['text as protobuf', PROTOBUF_TYPE, 'hello'],
      ['JSON as protobuf', PROTOBUF_TYPE, real.json],
      ['protobuf that is cut', PROTOBUF_TYPE, real.protobuf.subarray(0, -5)],
      ['a metric longer than its scope', PROTOBUF_TYPE, bytesField(1, bytesField(2, lyingField(2, 900, Buffer.from('x'))))],
    ];
    for (const [what, type, body] of garbage) {
      const { status, text } = await post(type, body);
      expect([what, status]).toEqual([what, 400]);
      expect(text).toContain('not an OTLP request');
    }
  });
});
