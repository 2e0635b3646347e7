import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { runGit } from '../git/run-git.ts';
import type { HookedRepository } from '../hook/install-git/plan-git-install.ts';

const LIMIT_MS = 10_000;

export type RepositoryReading =
  | { readonly status: 'found'; readonly repository: HookedRepository }
  /** In no work tree of git. */
  | { readonly status: 'none'; readonly why: string }
  /** git is missing, or refuses; or there is no folder for hooks. */
  | { readonly status: 'unusable'; readonly why: string };

/** The repository around a folder and where its hooks take effect, as git says: settings of the user and of the machine count. */
export function hookedRepository(folder: string, env: NodeJS.ProcessEnv): RepositoryReading {
  const asked = runGit({
    ...{ cwd: folder, limitMs: LIMIT_MS },
    args: ['rev-parse', '--show-toplevel', '--git-common-dir', '--git-path', 'hooks'],
  });
  if (asked.status !== 'done') {
    const isOutside = asked.status === 'failed' && /not a git repository|must be run in a work tree/.test(asked.message);
    return { status: isOutside ? 'none' : 'unusable', why: asked.message };
  }
  const [top = '', common = '', hooks = ''] = asked.output.toString('utf8').split('\n');
  const configured = runGit({ cwd: top, limitMs: LIMIT_MS, args: ['config', '--type=path', '--get', 'core.hooksPath'] });
  // git tells other paths from the folder in which it was asked; this one from the top, whence hooks run.
  const ofHooks = configured.status === 'done' ? configured.output.toString('utf8').replace(/\n$/, '') : '';
  const hooksFolder = ofHooks === '' ? resolve(folder, hooks) : resolve(top, ofHooks);
  if (hooksFolder === '/dev/null')
    return {
      status: 'unusable',
      why: 'core.hooksPath is /dev/null: hooks are switched off there, and no commit would be recorded',
    };
  const says = (args: readonly string[]): boolean => runGit({ cwd: top, limitMs: LIMIT_MS, args }).status === 'done';
  const within = (path: string): boolean => {
    const from = relative(top, path);
    return from !== '' && !from.startsWith('..') && !isAbsolute(from) && !/^\.git(?:[/\\]|$)/.test(from);
  };
  return {
    status: 'found',
    repository: {
      ...{ top, commonDir: resolve(folder, common), hooksFolder },
      huskyInit: join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'husky', 'init.sh'),
      isTracked: (path) => within(path) && says(['ls-files', '--error-unmatch', '--', path]),
      isSeen: (path) => within(path) && !says(['check-ignore', '-q', '--no-index', '--', path]),
    },
  };
}
