import { resolve } from 'node:path';

/**
 * The path from the root. Where the working directory was removed there is none, and `resolve` throws: then the path as
 * it is, which the file system refuses at its first use, where a refusal is expected and leads to the next folder.
 */
export function absolutePath(path: string): string {
  try {
    return resolve(path);
  } catch {
    return path;
  }
}
