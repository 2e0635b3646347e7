import type { Socket } from 'node:net';
import type { ReceiverReport } from './receiver.ts';

type Protocol = keyof ReceiverReport['notHttp'];

/** What Node tells of a connection that it cannot read as HTTP, or that was too slow. */
export type WireError = Error & { readonly code?: string; readonly rawPacket?: Buffer };

const STATUS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
};

export const isTimeout = ({ code }: WireError): boolean => code === 'ERR_HTTP_REQUEST_TIMEOUT';

/** What the sender speaks; null where it is HTTP/1, and its connection just ended, or was too slow. */
export function protocolOf({ code = '', rawPacket }: WireError): Protocol | null {
  if (!code.startsWith('HPE_') || rawPacket === undefined) return null;
  // The preface of HTTP/2 (RFC 9113 §3.4), which gRPC begins with.
  if (rawPacket.subarray(0, 14).toString('latin1') === 'PRI * HTTP/2.0') return 'grpc';
  // A handshake record of TLS: the endpoint was given with https://.
  if (rawPacket[0] === 0x16 && rawPacket[1] === 0x03) return 'tls';
  return 'other';
}

/**
 * Ends the connection, with an answer where none is owed to a request before: the sender would take it for that one's.
 * @param owed requests of this connection that are not answered yet.
 */
export function endBrokenConnection(error: WireError, socket: Socket, owed: number): void {
  if (socket.writable && owed <= (isTimeout(error) ? 1 : 0)) {
    const status = STATUS[error.code ?? ''] ?? '400 Bad Request';
    socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
  socket.destroy();
}
