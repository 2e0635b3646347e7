import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a shell would find a command; null where it would not. */
export function onPath(command: string, env: NodeJS.ProcessEnv): string | null {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    for (const name of process.platform === 'win32' ? [`${command}.exe`, `${command}.cmd`, command] : [command]) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        if (folder !== '' && statSync(path).isFile()) return path;
      } catch {
        // Not in this one.
      }
    }
  }
  return null;
}
