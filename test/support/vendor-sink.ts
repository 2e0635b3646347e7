import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { SpanRecord } from '../../src/model/span-record.ts';
import { ProtobufDecoder } from '../../src/otlp/decode-protobuf.ts';

export interface VendorSink {
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` names; the exporter adds `/v1/traces`. */
  readonly endpoint: string;
  /** What the vendor was sent so far, in the order of arrival. */
  readonly spans: readonly SpanRecord[];
  /** Method, path, content type and encoding of each request; what is no OTLP says why. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** The vendor's end of OTLP/protobuf over HTTP, on loopback. */
export async function startVendorSink(): Promise<VendorSink> {
  const spans: SpanRecord[] = [];
  const requests: string[] = [];
  const decoder = new ProtobufDecoder();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { 'content-type': type, 'content-encoding': encoding = 'identity' } = request.headers;
      const asked = `${request.method} ${request.url} ${type} ${encoding}`;
      try {
        const body = Buffer.concat(chunks);
        spans.push(...decoder.decode(encoding === 'gzip' ? gunzipSync(body) : body, 'traces').spans);
        requests.push(asked);
      } catch (error) {
        requests.push(`${asked}: ${String(error)}`);
        response.statusCode = 400;
      }
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
