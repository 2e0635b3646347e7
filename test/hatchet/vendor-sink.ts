import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJson } from '../../src/otlp/decode-json.ts';

export interface VendorSink {
  readonly url: string;
  /** What the vendor was sent so far, in the order of arrival. */
  readonly spans: readonly { readonly traceId: string; readonly spanId: string }[];
  close(): Promise<void>;
}

/** The vendor's end of OTLP over HTTP, on loopback. */
export async function startVendorSink(): Promise<VendorSink> {
  const spans: { traceId: string; spanId: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      for (const { traceId, spanId } of decodeJson(Buffer.concat(chunks).toString('utf8')).spans) spans.push({ traceId, spanId });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spans,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
