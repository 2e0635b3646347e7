import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Packages of the host application first, ours second: its copy of an SDK is the one whose spans matter, and an
 * instrumentation must be the one that belongs to the module it patches.
 */
export class HostPackages {
  readonly #requires: readonly NodeJS.Require[];

  constructor(from: { readonly cwd: string; readonly script: string | undefined }) {
    const folders = [from.cwd, ...(from.script === undefined ? [] : [dirname(from.script)])];
    // The working directory may have been removed: then it is no absolute path, which createRequire insists on.
    const present = folders.filter(isAbsolute);
    this.#requires = [...present.map((folder) => createRequire(join(folder, 'noop.js'))), createRequire(import.meta.url)];
  }

  /**
   * The package's exports, or null where it is not installed.
   * @throws whatever the package throws while it loads.
   */
  load<T>(name: string): T | null {
    for (const require of this.#requires) {
      let path: string;
      try {
        path = require.resolve(name);
      } catch {
        continue;
      }
      return require(path) as T;
    }
    return null;
  }
}
