import { existsSync } from 'node:fs';
import type { GitFolders } from '../git/git-folders.ts';
import { spoolTarget } from '../spool/spool-record.ts';
import type { Context } from './command.ts';
import { openRecordings } from './open-recordings.ts';

export interface SettleOptions {
  /** Whether commits that a hook may still tell of are looked for as well. */
  readonly isThorough: boolean;
}

/**
 * Has repositories that remember lines look which of their commits live, and writes the rows of those of which none were written. One
 * without such a memory is left as it is.
 */
export async function settleRepositories(
  { settings, env, out, nowMs }: Pick<Context, 'settings' | 'env' | 'out' | 'nowMs'>,
  repositories: readonly GitFolders[],
  { isThorough }: SettleOptions,
): Promise<void> {
  const { memoryPath } = await import('../attribution/open-memory.ts');
  const remembering = repositories.filter(({ commonDir }) => existsSync(memoryPath(commonDir)));
  if (remembering.length === 0) return;
  const [{ LineMemories }, { writeCommitsBy }, open] = await Promise.all([
    import('../writer/line-memories.ts'),
    import('../writer/write-commits.ts'),
    openRecordings({ settings, env }),
  ]);
  const memories = new LineMemories();
  const owner = { target: spoolTarget(settings), home: env['HOME'] ?? null };
  try {
    for (const folders of remembering) memories.ask(folders, owner, () => {});
    const said = memories.settle(
      writeCommitsBy((target, home) => open.recordings.of(target, home)),
      isThorough,
      nowMs,
    );
    for (const message of said) out.note(message);
    open.settle();
  } finally {
    memories.close();
    open.close();
  }
}
