import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ProtobufDecoder } from './decode-protobuf.ts';
import type { Decoded, DecodeOptions } from './decoded.ts';
import { RequestSplitter, type SplitItem } from './request-splitter.ts';
import { salvageJson } from './salvage.ts';

/** One request of a file. `problems` are what of it could not be read, each with its place. */
export interface ReadRequest {
  readonly parts: readonly Decoded[];
  readonly problems: readonly string[];
}

const CHUNK_BYTES = 1 << 20;
/** A protobuf request cannot be read in pieces. */
const MAX_PROTOBUF_BYTES = 2 ** 30;

/**
 * Reads a file of OTLP requests, or `input` for `-`: JSON (one request, a list of them, one a line) or one protobuf request,
 * traces or logs, gzipped or not. What it is shows in its first bytes, whatever the file is called.
 * @throws the file system's error, or zlib's where gzipped data is damaged or cut off; what came before was yielded.
 */
export async function* readRequests(
  file: string,
  input: AsyncIterable<unknown>,
  options: DecodeOptions,
): AsyncGenerator<ReadRequest> {
  const source = file === '-' ? input : createReadStream(file, { highWaterMark: CHUNK_BYTES });
  const { first, all } = await peek(source);
  const plain = first[0] === 0x1f && first[1] === 0x8b ? await peek(gunzip(all)) : { first, all };
  if (isBlank(plain.first)) return;
  if (isJson(plain.first)) yield* readJson(plain.all, options);
  else yield* readProtobuf(plain.all, options);
}

/** The beginning, and the whole with it. */
async function peek(source: AsyncIterable<unknown>): Promise<{ first: Buffer; all: AsyncGenerator<Buffer> }> {
  const rest = source[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let first: Buffer = Buffer.alloc(0);
  // A pipe may hand over a single byte; two are needed to know gzip, and space may stand before JSON.
  while (first.length < 2 || isBlank(first)) {
    const next = await rest.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (first.length > 0) yield first;
    for (;;) {
      const next = await rest.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  return { first, all: all() };
}

function gunzip(source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  // The error reaches whoever reads `unpacked`.
  pipeline(Readable.from(source, { objectMode: false }), unpacked, () => undefined);
  return unpacked;
}

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
const isBlank = (bytes: Buffer): boolean => bytes.length < CHUNK_BYTES && bytes.every(isSpace);

/** A protobuf request begins with the tag of its field 1, 0x0a, and a length: the byte is a line feed, but `{` does not follow as its first other sign. */
function isJson(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  const sign = bytes.subarray(start).find((byte) => !isSpace(byte));
  if (sign !== 0x7b && sign !== 0x5b) return false;
  if (bytes[0] !== 0x0a) return true;
  // `\n{` may also be a group of 123 bytes, whose next byte is a tag below the space; JSON goes on with printable signs.
  const next = bytes.subarray(bytes.indexOf(sign) + 1, bytes.indexOf(sign) + 2)[0];
  return (
    next === undefined || next === 0x22 || next === 0x7b || next === 0x7d || next === 0x5d || (isSpace(next) && next !== 0x0a)
  );
}

async function* readJson(chunks: AsyncIterable<Buffer>, options: DecodeOptions): AsyncGenerator<ReadRequest> {
  const decoder = new TextDecoder();
  const splitter = new RequestSplitter();
  for await (const chunk of chunks) {
    for (const item of splitter.push(decoder.decode(chunk, { stream: true }))) yield readItem(item, options);
  }
  for (const item of splitter.push(decoder.decode())) yield readItem(item, options);
  for (const item of splitter.end()) yield readItem(item, options);
}

function readItem(item: SplitItem, options: DecodeOptions): ReadRequest {
  if (item.what === 'malformed') return { parts: [], problems: [`line ${item.line}: ${item.reason}`] };
  const { parts, problems } = salvageJson(item.text, options);
  return { parts, problems: problems.map((problem) => `line ${item.line}: ${problem}`) };
}

async function* readProtobuf(chunks: AsyncIterable<Buffer>, options: DecodeOptions): AsyncGenerator<ReadRequest> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > MAX_PROTOBUF_BYTES) {
      yield {
        parts: [],
        problems: [`it is no JSON and longer than ${MAX_PROTOBUF_BYTES} bytes, the most that is read as one protobuf request`],
      };
      return;
    }
    pieces.push(chunk);
  }
  yield decodeEither(Buffer.concat(pieces), options);
}

/**
 * Traces and logs look alike on the wire, and a file does not say which it is. Read as the wrong one, every item lacks
 * its ids (a span's trace id is field 1, as a log record's time is), so the reading that takes more items is the right one.
 */
function decodeEither(bytes: Buffer, options: DecodeOptions): ReadRequest {
  const decoder = new ProtobufDecoder(options);
  const readings = (['traces', 'logs'] as const).map((signal) => {
    try {
      const decoded = decoder.decode(bytes, signal);
      return { decoded, items: decoded.spans.length + decoded.logs.length + decoded.skippedLogs, problem: null };
    } catch (error) {
      return { decoded: null, items: -1, problem: (error as Error).message };
    }
  });
  const [traces, logs] = readings;
  const best = logs !== undefined && traces !== undefined && logs.items > traces.items ? logs : traces;
  if (best?.decoded == null) return { parts: [], problems: [`neither JSON nor protobuf: ${best?.problem ?? ''}`] };
  return { parts: [best.decoded], problems: [] };
}
