import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { makeTraces } from './make-spans.ts';
import { SpanEmitter } from './span-emitter.ts';

/** Spans of a request, as BatchSpanProcessor sends them. */
export const BATCH = 512;

const endOf = ({ endTime }: ReadableSpan): number => endTime[0] * 1e3 + endTime[1] / 1e6;

/**
 * OTLP/protobuf requests as the JS SDK serialises them: the spans of one agent's worker in the order of their ends, `size`
 * a request; what is left over is not sent.
 */
export function makeBodies(agentId: string, requests: number, seed: number, size = BATCH): Uint8Array<ArrayBuffer>[] {
  const ended: ReadableSpan[] = [];
  const emitter = new SpanEmitter(
    [
      {
        onStart: () => {},
        onEnd: (span) => void ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
    { 'agent.id': agentId },
  );
  for (const trace of makeTraces(Math.ceil((requests * size) / 20), seed)) emitter.emit(trace);
  ended.sort((a, b) => endOf(a) - endOf(b));
  return Array.from({ length: requests }, (_, i) => {
    const bytes = ProtobufTraceSerializer.serializeRequest(ended.slice(i * size, (i + 1) * size));
    if (bytes === undefined) throw new Error('the serializer gave nothing');
    return new Uint8Array(bytes);
  });
}
