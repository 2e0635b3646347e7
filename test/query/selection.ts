import { join } from 'node:path';
import type { Selection } from '../../src/query/across-files.ts';

/** What a command asks of a folder of agents' files. */
export const everythingIn = (folder: string, agentId: string | null = null): Selection => ({
  settings: { dbPath: null, sharedDir: folder, senderTimeoutMinutes: 30 },
  env: { HOME: join(folder, 'home') },
  agentId,
  nowMs: Date.now(),
});
