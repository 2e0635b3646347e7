import { sep } from 'node:path';

/** A path as people write it: `~` for the home. */
export const shortHome = (path: string, home: string): string =>
  path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
