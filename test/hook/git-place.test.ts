import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { gitPlace } from '../../src/hook/git-place.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

describe('where a folder lies in git', () => {
  let repo: string;
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: repo, encoding: 'utf8', env }).trim();

  beforeEach(() => {
    repo = realpathSync(scratchFolder());
    git('init', '-q', '-b', 'main');
    mkdirSync(join(repo, 'deep', 'er'), { recursive: true });
  });
  const commit = (): string => {
    git('commit', '-q', '--allow-empty', '-m', 'x');
    return git('rev-parse', 'HEAD');
  };

  test('is what git says, from any folder below the top', () => {
    const headSha = commit();
    git('checkout', '-q', '-b', 'feat/x.y');
    expect(gitPlace(join(repo, 'deep', 'er'))).toEqual({ top: git('rev-parse', '--show-toplevel'), branch: 'feat/x.y', headSha });
  });

  test('before the first commit has a branch and no commit', () => {
    expect(gitPlace(repo)).toEqual({ top: repo, branch: 'main', headSha: null });
  });

  test('on a detached head has a commit and no branch', () => {
    const headSha = commit();
    git('checkout', '-q', '--detach');
    expect(gitPlace(repo)).toEqual({ top: repo, branch: null, headSha });
  });

  test('has its commit from packed refs', () => {
    const headSha = commit();
    git('branch', 'main-2');
    git('pack-refs', '--all');
    expect(gitPlace(repo)).toEqual({ top: repo, branch: 'main', headSha });
  });

  test('in a linked work tree is that tree, its branch and its commit', () => {
    commit();
    const tree = join(realpathSync(scratchFolder()), 'tree');
    git('worktree', 'add', '-q', '-b', 'side', tree);
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'y'], {
      cwd: tree,
      env,
    });
    const headSha = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: tree, encoding: 'utf8', env }).trim();
    expect(gitPlace(tree)).toEqual({ top: tree, branch: 'side', headSha });
  });

  test('is nowhere outside of a repository, in a folder that is not there, and where .git is damaged', () => {
    expect(gitPlace('/')).toBe(null);
    expect(gitPlace(join(repo, 'not', 'there'))).toMatchObject({ top: repo });
    writeFileSync(join(repo, 'deep', '.git'), 'rubbish');
    expect(gitPlace(join(repo, 'deep'))).toBe(null);
  });
});
