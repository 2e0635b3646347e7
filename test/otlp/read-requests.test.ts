import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { JsonTraceSerializer, ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { describe, expect, test } from 'vitest';
import { KEEP_KNOWN } from '../../src/otlp/decoded.ts';
import { readRequests } from '../../src/otlp/read-requests.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { sdkSpans } from './sdk-spans.ts';

interface Sum {
  readonly spans: number;
  readonly logs: number;
  readonly problems: readonly string[];
}

async function sumOf(file: string, input: AsyncIterable<unknown> = Readable.from([])): Promise<Sum> {
  const sum = { spans: 0, logs: 0, problems: [] as string[] };
  for await (const { parts, problems } of readRequests(file, input, KEEP_KNOWN)) {
    for (const part of parts) {
      sum.spans += part.spans.length;
      sum.logs += part.logs.length + part.skippedLogs;
    }
    sum.problems.push(...problems);
  }
  return sum;
}

function fileOf(content: string | Uint8Array): string {
  const file = join(scratchFolder(), 'request');
  writeFileSync(file, content);
  return file;
}

const SPANS = sdkSpans();
const PROTOBUF = Buffer.from(ProtobufTraceSerializer.serializeRequest(SPANS) ?? []);
const JSON_TEXT = Buffer.from(JsonTraceSerializer.serializeRequest(SPANS) ?? []).toString();

/** Two log records as the SDK's logs look to the serializer. */
function logs(): Uint8Array {
  const { resource, instrumentationScope } = SPANS[0] ?? {};
  const record = {
    hrTime: [1_700_000_000, 1],
    hrTimeObserved: [1_700_000_000, 2],
    body: 'x',
    attributes: {},
    droppedAttributesCount: 0,
  };
  const records = [record, record].map((one) => ({ ...one, resource, instrumentationScope }));
  return ProtobufLogsSerializer.serializeRequest(records as never) ?? new Uint8Array();
}

describe('a file of requests', () => {
  const whole = { spans: SPANS.length, logs: 0, problems: [] };

  test.each([
    ['JSON', JSON_TEXT],
    ['JSON after an empty line', `\n\n${JSON_TEXT}`],
    ['JSON with a byte order mark', `\ufeff${JSON_TEXT}`],
    ['gzipped JSON', gzipSync(JSON_TEXT)],
    ['protobuf', PROTOBUF],
    ['gzipped protobuf', gzipSync(PROTOBUF)],
  ])('of %s is known by its first bytes', async (_, content) => {
    expect(await sumOf(fileOf(content))).toEqual(whole);
  });

  test('of protobuf logs is told from one of traces', async () => {
    expect(await sumOf(fileOf(logs()))).toEqual({ spans: 0, logs: 2, problems: [] });
  });

  test.each([
    ['gzipped JSON', gzipSync(JSON_TEXT)],
    ['protobuf', PROTOBUF],
    ['JSON after spaces', Buffer.from(`  \n${JSON_TEXT}`)],
  ])('of %s may come through a pipe, byte by byte', async (_, content) => {
    const bytes = Readable.from([...content].map((byte) => Buffer.of(byte)));
    expect(await sumOf('-', bytes)).toEqual(whole);
  });

  test('that is neither is a problem, an empty one is nothing', async () => {
    expect(await sumOf(fileOf(Buffer.alloc(300, 0xff)))).toMatchObject({
      spans: 0,
      problems: [expect.stringContaining('neither') as string],
    });
    expect(await sumOf(fileOf(''))).toEqual({ spans: 0, logs: 0, problems: [] });
  });

  test('that is gzipped and cut off gives what was whole, then fails', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => JSON_TEXT.replaceAll('root', `root ${Math.sin(i)}`)).join('\n');
    const packed = gzipSync(lines);
    const file = fileOf(packed.subarray(0, Math.floor(packed.length * 0.7)));
    let spans = 0;
    const read = async (): Promise<void> => {
      for await (const { parts } of readRequests(file, Readable.from([]), KEEP_KNOWN))
        for (const part of parts) spans += part.spans.length;
    };
    await expect(read()).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
    expect(spans).toBeGreaterThan(SPANS.length);
    expect(spans).toBeLessThan(200 * SPANS.length);
  });
});
