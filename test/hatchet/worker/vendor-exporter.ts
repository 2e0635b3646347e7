import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

type Done = (result: ExportResult) => void;

/** OTLP over HTTP by the serializer of OpenTelemetry's own exporters; not retried. */
export class VendorExporter implements SpanExporter {
  readonly #url: string;
  constructor(url: string) {
    this.#url = url;
  }

  export(spans: ReadableSpan[], done: Done): void {
    void this.#send(spans, done);
  }

  async #send(spans: ReadableSpan[], done: Done): Promise<void> {
    try {
      const body = Buffer.from(JsonTraceSerializer.serializeRequest(spans) ?? []);
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(this.#url, { method: 'POST', body, headers });
      done({ code: response.ok ? ExportResultCode.SUCCESS : ExportResultCode.FAILED });
    } catch (error) {
      done({ code: ExportResultCode.FAILED, error: error as Error });
    }
  }

  async shutdown(): Promise<void> {}
}
