import { spawnSync } from 'node:child_process';

/** As git's own default. */
const DEFAULT_PAGER = 'less';

/**
 * The pager as git chooses it, and what it is told where nobody set it: leave where all fits on the screen, colours as they are, the text
 * stays. Null: none.
 */
export function chosenPager(env: NodeJS.ProcessEnv): string | null {
  const pager = env['GIT_PAGER'] ?? env['PAGER'] ?? DEFAULT_PAGER;
  return pager === '' || pager === 'cat' ? null : pager;
}

/** Shows a text by a pager. @returns whether it could: there may be none on this machine */
export function showPaged(text: string, env: NodeJS.ProcessEnv): boolean {
  const pager = chosenPager(env);
  if (pager === null) return false;
  const { error, status } = spawnSync('/bin/sh', ['-c', pager], {
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS: 'FRX', LV: '-c', ...env },
  });
  // It was left before it had read all: EPIPE is no failure of it.
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'EPIPE') return false;
  return status !== 127;
}
