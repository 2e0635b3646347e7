import { createHash } from 'node:crypto';

/** Names with a meaning of their own in the folder; an agent that bears one gets a hash behind it. */
export const RESERVED_NAMES = ['unassigned', 'tracker', 'default', 'aggregated'] as const;
export type ReservedName = (typeof RESERVED_NAMES)[number];

const LONGEST_PLAIN = 64;
const LONGEST_READABLE = 40;
/** 80 bits: two agents of a swarm of a million meet with a chance of 1 in 10^12. */
const HASH_DIGITS = 20;

/** Lower case only, so that no two differ only in case; no dot or hyphen first (hidden, taken for an option), no dot last (Windows drops it). */
const PLAIN = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?$/;
/** Devices in any folder on Windows, with or without an extension. */
const DEVICE = /^(?:con|prn|aux|nul|clock\$|com[0-9]|lpt[0-9])(?:\.|$)/;
/** Would be the file, or SQLite's companion, of another agent once it names a folder: `<dir>/<id>.db` beside `<dir>/<id>/`. */
const FILE_LIKE = /\.db(?:-[a-z]+)?$/;

function isPlain(id: string): boolean {
  return (
    id.length <= LONGEST_PLAIN &&
    PLAIN.test(id) &&
    !DEVICE.test(id) &&
    !FILE_LIKE.test(id) &&
    !(RESERVED_NAMES as readonly string[]).includes(id)
  );
}

/**
 * An agent id as the stem of a file name or the name of a folder: no way out of the folder, and two ids never one name,
 * also on disks that fold case or normalise Unicode. An id such as `worker-7` or a UUID in lower case stays as it is;
 * any other becomes what is readable of it, `~` (which no plain id has) and a hash of the whole.
 *
 * @example agentFileName('worker-7') === 'worker-7'
 * @example agentFileName('../../etc/x') // 'etc-x~…'
 */
export function agentFileName(id: string): string {
  if (isPlain(id)) return id;
  // UTF-16, not UTF-8: encoding to UTF-8 makes all lone surrogates one character.
  const hash = createHash('sha256').update(Buffer.from(id, 'utf16le')).digest('hex').slice(0, HASH_DIGITS);
  const readable = id
    .slice(0, 4 * LONGEST_READABLE)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST_READABLE)
    .replace(/-+$/, '');
  return `${readable === '' ? 'agent' : readable}~${hash}`;
}
