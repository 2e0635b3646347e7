import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partialLoss } from '../../src/forward/partial-loss.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json; charset=utf-8';
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('what a target threw away', () => {
  test.each(['rejectedSpans', 'rejectedLogRecords', 'rejectedDataPoints'])('is read from %s, number or text', (name) => {
    for (const count of [7, '7']) {
      const body = json({ partialSuccess: { [name]: count, errorMessage: 'why' } });
      expect(partialLoss(body, JSON_TYPE)).toEqual({ rejected: 7, message: 'why' });
    }
  });

  test('is read from protobuf', () => {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 300, error_message: "why" } }
    const body = Buffer.from([0x0a, 0x08, 0x08, 0xac, 0x02, 0x12, 0x03, 0x77, 0x68, 0x79]);
    expect(partialLoss(body, PROTOBUF)).toEqual({ rejected: 300, message: 'why' });
  });

  test('is nothing where the answer is empty, all was taken, or it only warns', () => {
    const warning = Buffer.from([0x0a, 0x05, 0x12, 0x03, 0x77, 0x68, 0x79]);
    for (const body of [Buffer.alloc(0), Buffer.from([0x0a, 0x00]), warning]) expect(partialLoss(body, PROTOBUF)).toBeNull();
    for (const body of [json({}), json({ partialSuccess: {} }), json(null), Buffer.from('OK')]) {
      expect(partialLoss(body, JSON_TYPE)).toBeNull();
    }
  });

  test('is never an error, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (body) => {
        for (const type of [PROTOBUF, JSON_TYPE, 'text/html']) {
          const found = partialLoss(body, type);
          expect(found === null || Number.isSafeInteger(found.rejected)).toBe(true);
        }
      }),
    );
    fc.assert(fc.property(fc.jsonValue(), (value) => void partialLoss(json({ partialSuccess: value }), JSON_TYPE)));
  });
});
