import { posix, win32 } from 'node:path';

/**
 * A path as a hook names it, absolute: Claude Code answers with relative paths where the model sent one. By the separators of the
 * machine that the hook ran on, which may be another than this one.
 */
export function hookPath(path: string, folder: string | null): string {
  const platform = /^([A-Za-z]:[\\/]|\\\\)/.test(folder ?? path) ? win32 : posix;
  if (platform.isAbsolute(path)) return platform.normalize(path);
  return folder === null || !platform.isAbsolute(folder) ? path : platform.join(folder, path);
}

/** The last part of a path of either kind. */
export const lastPart = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
