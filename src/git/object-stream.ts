export interface GitObject {
  readonly type: string;
  readonly size: number;
  /** A view of the stream. */
  readonly content: Buffer;
}

const NEWLINE = 10;
const HEADER = /^[0-9a-f]{40,64} (\w+) (\d+)$/;

/**
 * What `git cat-file --batch` prints: `<name> <type> <size>\n<content>\n` for each object asked for, and one line for what is
 * missing or ambiguous (null).
 */
export function objectsOf(stream: Buffer): (GitObject | null)[] {
  const objects: (GitObject | null)[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf(NEWLINE, at);
    if (end < 0) break;
    const [, type, digits] = HEADER.exec(stream.toString('latin1', at, end)) ?? [];
    at = end + 1;
    if (type === undefined) {
      objects.push(null);
      continue;
    }
    const size = Number(digits);
    objects.push({ type, size, content: stream.subarray(at, at + size) });
    at += size + 1;
  }
  return objects;
}
