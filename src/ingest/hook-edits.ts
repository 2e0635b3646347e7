import type { FileEdit, HookPlace } from '../hook/hook-event.ts';

/** What a call changed and where, as it travels in one attribute of the hook's span. */
export interface HookEdits {
  readonly place: HookPlace;
  readonly edits: readonly FileEdit[];
}

export const encodeEdits = (edits: HookEdits): string => JSON.stringify(edits);

/** The inverse of `encodeEdits`. Nothing from outside gets here: no door takes the attribute. */
export const decodeEdits = (text: string): HookEdits => JSON.parse(text) as HookEdits;

/** A path below the work tree's top folder, with forward slashes; null where it lies elsewhere. */
export function repoPath(top: string, path: string): string | null {
  const folder = slashed(top).replace(/\/+$/, '');
  const file = slashed(path);
  const isWindows = /^[A-Za-z]:\//.test(folder);
  const below = isWindows ? file.toLowerCase().startsWith(`${folder.toLowerCase()}/`) : file.startsWith(`${folder}/`);
  return below && file.length > folder.length + 1 ? file.slice(folder.length + 1) : null;
}

/** Backslashes separate on Windows only; elsewhere they are characters of a name. */
const slashed = (path: string): string => (/^[A-Za-z]:[\\/]|^\\\\/.test(path) ? path.replaceAll('\\', '/') : path);
