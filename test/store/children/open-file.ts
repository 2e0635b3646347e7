/** Opens one file for writing at a word from stdin; prints its source_uuid. Retries while it is locked, as callers do. */

import { openForWriting } from '../../../src/store/open.ts';
import { isLocked } from '../../../src/store/store-error.ts';

const [path = '', busyTimeoutMs = '0'] = process.argv.slice(2);
console.log('ready');
process.stdin.once('data', () => {
  process.stdin.destroy();
  const attempt = (): void => {
    try {
      const file = openForWriting(path, { busyTimeoutMs: Number(busyTimeoutMs) });
      console.log(`uuid ${file.sourceUuid} ${file.journal}`);
      file.close();
    } catch (error) {
      if (!isLocked(error)) throw error;
      console.log('locked');
      setTimeout(attempt, 2);
    }
  };
  attempt();
});
