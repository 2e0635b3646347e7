import { open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../model/make-folder.ts';
import type { ForwardedRequest } from './forwarding.ts';
import type { RecordName } from './record-name.ts';

/**
 * A record on disk: one line of JSON, then the body as it came. What the target's headers are is no part of it: the key may change
 * while a record waits, and no key shall lie in a queue.
 */
interface RecordHead {
  readonly v: 1;
  readonly contentType: string;
  readonly contentEncoding: string | null;
  readonly forwardedBy: string | null;
}

const NEWLINE = 0x0a;

/** The line that stands before the body. */
export function recordHead(request: ForwardedRequest): Buffer {
  const { contentType, contentEncoding, forwardedBy = null } = request;
  const head: RecordHead = { v: 1, contentType, contentEncoding, forwardedBy };
  return Buffer.from(`${JSON.stringify(head)}\n`);
}

export interface RecordWriteOptions {
  /** Whether the record must survive a power cut. Costs two disk flushes. */
  readonly fsync: boolean;
}

/**
 * Writes a record whole: a temporary name that no reader takes, then a rename.
 * @throws the file system's error
 */
export async function writeRecord(
  folder: string,
  name: string,
  head: Buffer,
  body: Uint8Array,
  options: RecordWriteOptions,
): Promise<void> {
  const temporary = join(folder, `.${name}.tmp`);
  try {
    const file = await openNew(folder, temporary);
    try {
      await writeAll(file, head);
      await writeAll(file, body);
      if (options.fsync) await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, name));
    // Else the name may be lost, and with it the body.
    if (options.fsync) await syncFolder(folder);
  } catch (error) {
    // Never made, or the folder is gone: the first error tells the story.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>;

async function openNew(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Somebody removed the folder since the start, or took it over when we seemed dead.
    makeFolder(folder);
    return open(path, 'wx', 0o600);
  }
}

async function writeAll(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) at += (await file.write(data, at)).bytesWritten;
}

export type RecordReading =
  | { readonly status: 'read'; readonly request: ForwardedRequest }
  /** Somebody else took it, or removed it. */
  | { readonly status: 'gone' }
  /** Torn by a power cut, or no record of ours. */
  | { readonly status: 'unreadable'; readonly message: string }
  /** The disk fails; it may be read later. */
  | { readonly status: 'failed'; readonly message: string };

export async function readRecord(folder: string, record: RecordName): Promise<RecordReading> {
  let data: Buffer;
  try {
    data = await readFile(join(folder, record.name));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { status: 'gone' } : { status: 'failed', message };
  }
  if (data.length !== record.bytes) {
    return { status: 'unreadable', message: `it has ${data.length} bytes of ${record.bytes}` };
  }
  const end = data.indexOf(NEWLINE);
  const head = end < 0 ? null : parseHead(data.toString('utf8', 0, end));
  if (head === null) return { status: 'unreadable', message: 'its first line is not the head of a record' };
  const { contentType, contentEncoding, forwardedBy } = head;
  const body = data.subarray(end + 1);
  return { status: 'read', request: { signal: record.signal, contentType, contentEncoding, forwardedBy, body } };
}

function parseHead(text: string): RecordHead | null {
  let head: Partial<Record<keyof RecordHead, unknown>> | null;
  try {
    head = JSON.parse(text) as typeof head;
  } catch {
    return null;
  }
  const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
  if (head === null || typeof head !== 'object' || head.v !== 1 || typeof head.contentType !== 'string') return null;
  const { contentType, contentEncoding, forwardedBy } = head;
  if (!isTextOrNull(contentEncoding) || !isTextOrNull(forwardedBy)) return null;
  return { v: 1, contentType, contentEncoding, forwardedBy };
}
