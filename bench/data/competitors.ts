import { ExportResultCode } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import Database from 'better-sqlite3';
import { AiTrackerSpanProcessor } from '../../src/otel/span-processor.ts';

/** One way to take spans off a host's hands. */
export interface Competitor {
  readonly processors: SpanProcessor[];
  /** Resolves when everything that ended is handed over: written, or serialised. */
  drain(): Promise<void>;
  /** @returns how many spans arrived. */
  close(): Promise<number>;
}

/** Queue and batch of BatchSpanProcessor made equal to ours: with its own 2,048 it would drop spans here. */
const BATCH = 512;
const QUEUE = 65_536;

export function competitorOf(name: string, dbPath: string): Competitor {
  switch (name) {
    case 'bare':
      return counting();
    case 'ours':
      return ours(dbPath);
    case 'batch':
      return batch();
    default:
      throw new Error(`no competitor ${name}: bare, ours or batch`);
  }
}

/** The SDK's own work, and a processor that only counts. */
function counting(): Competitor {
  let arrived = 0;
  const processor: SpanProcessor = {
    onStart: () => {},
    onEnd: () => {
      arrived++;
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return { processors: [processor], drain: () => Promise.resolve(), close: () => Promise.resolve(arrived) };
}

function ours(dbPath: string): Competitor {
  const processor = new AiTrackerSpanProcessor({ agentId: 'bench-agent', dbPath });
  return {
    processors: [processor],
    drain: () => processor.forceFlush(),
    close: async () => {
      await processor.shutdown();
      const db = new Database(dbPath, { readonly: true });
      const arrived = db.prepare('select count(*) from span_memory').pluck().get() as number;
      db.close();
      return arrived;
    },
  };
}

function batch(): Competitor {
  let arrived = 0;
  const exporter: SpanExporter = {
    export: (spans, done) => {
      const bytes = ProtobufTraceSerializer.serializeRequest(spans);
      if (bytes !== undefined && bytes.length > 0) arrived += spans.length;
      done({ code: ExportResultCode.SUCCESS });
    },
    shutdown: () => Promise.resolve(),
  };
  const processor = new BatchSpanProcessor(exporter, { maxExportBatchSize: BATCH, maxQueueSize: QUEUE });
  return {
    processors: [processor],
    drain: () => processor.forceFlush(),
    close: async () => {
      await processor.shutdown();
      return arrived;
    },
  };
}
