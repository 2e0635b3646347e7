import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';
import { objectsOf } from './object-stream.ts';

/** What is larger is no text that anybody wrote. */
export const MAX_BLOB_BYTES = 20 * 1024 * 1024;
/** Of one answer of git, which is held in memory. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const HEADER_BYTES = 200;
/** Processes that may be spent on paths in a partial clone. */
const MAX_TRIES = 200;
const OBJECT_NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Contents of blobs, in the order asked for: as stored, without any filter. Null for what is not there, is no blob or is
 * larger than `MAX_BLOB_BYTES`. One process of git, and some more where the contents are more than 64 MB together.
 * @param specs names of objects, or `<commit>:<path below the top folder>`
 */
export function readBlobs(folders: GitFolders, specs: readonly string[]): (Buffer | null)[] {
  return readObjects(folders, specs, 'blob');
}

/** The same of objects of one type. */
export function readObjects(folders: GitFolders, specs: readonly string[], type: 'blob' | 'commit'): (Buffer | null)[] {
  const found: (Buffer | null)[] = specs.map(() => null);
  // A name is a line of git's input.
  const asked = specs.flatMap((spec, place) => (spec === '' || spec.includes('\n') ? [] : [{ spec, place }]));
  if (asked.length === 0) return found;
  const read = (part: typeof asked): boolean => {
    const outcome = catFile(folders, '--batch', part);
    if (outcome === null) return false;
    for (const [n, object] of objectsOf(outcome).entries()) {
      const place = part[n]?.place;
      if (place === undefined || object === null || object.type !== type || object.size > MAX_BLOB_BYTES) continue;
      // A copy, or each would keep all of the answer.
      found[place] = Buffer.from(object.content);
    }
    return true;
  };
  if (!read(asked)) for (const part of readableParts(folders, asked, type)) read(part);
  return found;
}

interface Asked {
  readonly spec: string;
  readonly place: number;
}

function catFile(folders: GitFolders, mode: string, asked: readonly Asked[]): Buffer | null {
  const outcome = askRepository(folders, {
    args: ['cat-file', mode, '--buffer'],
    input: asked.map(({ spec }) => `${spec}\n`).join(''),
    maxOutputBytes: MAX_ANSWER_BYTES + MAX_BLOB_BYTES + HEADER_BYTES,
  });
  return outcome.status === 'done' ? outcome.output : null;
}

/**
 * It was too much for one answer, or an object is missing of which a partial clone says that it could be had: git stops there. What
 * is there and not too large, in parts that fit.
 */
function readableParts(folders: GitFolders, asked: readonly Asked[], type: string): Asked[][] {
  const parts: Asked[][] = [[]];
  let bytes = 0;
  for (const { size, type: found, ...one } of sizes(folders, asked)) {
    if (found !== type || size > MAX_BLOB_BYTES) continue;
    if (bytes + size + HEADER_BYTES > MAX_ANSWER_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    bytes += size + HEADER_BYTES;
    parts.at(-1)?.push(one);
  }
  return parts.filter((part) => part.length > 0);
}

type Sized = Asked & { readonly type: string; readonly size: number };

function sizes(folders: GitFolders, asked: readonly Asked[]): Sized[] {
  const answer = catFile(folders, '--batch-check', asked);
  if (answer !== null) return readSizes(answer, asked);
  const here = objectsHere(folders);
  if (here === null) return [];
  const budget = { tries: MAX_TRIES };
  return sizesByHalves(
    folders,
    asked.filter(({ spec }) => !OBJECT_NAME.test(spec) || here.has(spec)),
    budget,
  );
}

/** Where paths lead to what is missing: halves what git stops at until that stands alone. */
function sizesByHalves(folders: GitFolders, asked: readonly Asked[], budget: { tries: number }): Sized[] {
  if (asked.length === 0 || budget.tries-- <= 0) return [];
  const answer = catFile(folders, '--batch-check', asked);
  if (answer !== null) return readSizes(answer, asked);
  if (asked.length === 1) return [];
  const middle = asked.length >> 1;
  return [...sizesByHalves(folders, asked.slice(0, middle), budget), ...sizesByHalves(folders, asked.slice(middle), budget)];
}

function readSizes(answer: Buffer, asked: readonly Asked[]): Sized[] {
  const lines = answer.toString('utf8').split('\n');
  return asked.flatMap((one, n) => {
    const [, type, size] = /^[0-9a-f]{40,64} (\w+) (\d+)$/.exec(lines[n] ?? '') ?? [];
    return type === undefined ? [] : [{ ...one, type, size: Number(size) }];
  });
}

/** Names of all objects that need not be fetched. */
function objectsHere(folders: GitFolders): Set<string> | null {
  const args = ['cat-file', '--batch-all-objects', '--batch-check=%(objectname)', '--unordered', '--buffer'];
  const outcome = askRepository(folders, { args });
  return outcome.status === 'done' ? new Set(outcome.output.toString('latin1').split('\n')) : null;
}
