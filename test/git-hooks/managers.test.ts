import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Playground, type Ran } from '../hook/install-git/hooked-repository.ts';
import { has, NPM_BIN, PYTHON_BIN } from './managers.ts';

const SAYS = 'echo "$(basename "$0"):$*" >>"$HOME/said"';

/** A repository in which one of these managers runs a hook that blocks, and some that say that they ran. */
interface Manager {
  readonly name: string;
  /** Writes its configuration and whatever its users commit. */
  configure(play: Playground): void;
  /** As its users do after a clone, and again and again. */
  install(play: Playground): Ran;
  /** It may have our hooks out of the way when it comes after us, which `doctor` tells. */
  readonly takesOver: boolean;
}

/** Blocks while that file is there. */
const BLOCKS = 'test ! -e "$HOME/block"';

const preCommit = (name: string): Manager => ({
  name,
  configure(play) {
    const hook = (id: string, stage: string, entry: string): string =>
      `  - {id: ${id}, name: ${id}, language: system, entry: sh -c '${entry}', stages: [${stage}], always_run: true, pass_filenames: false, verbose: true}\n`;
    writeFileSync(
      join(play.repo, '.pre-commit-config.yaml'),
      `default_install_hook_types: [pre-commit, post-commit, post-checkout, post-rewrite]\nrepos:\n- repo: local\n  hooks:\n${[
        hook('block', 'pre-commit', BLOCKS),
        ...['post-commit', 'post-checkout', 'post-rewrite'].map((stage) => hook(stage, stage, `echo ${stage} >>"$HOME/said"`)),
      ].join('')}`,
    );
  },
  install: (play) => play.run(name, ['install']),
  takesOver: false,
});

const MANAGERS: readonly Manager[] = [
  preCommit('pre-commit'),
  preCommit('prek'),
  {
    name: 'husky',
    configure(play) {
      play.hook('.husky/pre-commit', `${BLOCKS}\n`, 0o644);
      play.hook('.husky/post-commit', `${SAYS}\n`, 0o644);
      play.hook('.husky/post-rewrite', `cat >>"$HOME/said"\n`, 0o644);
    },
    install: (play) => play.run('husky', []),
    takesOver: true,
  },
  {
    name: 'lefthook',
    configure(play) {
      writeFileSync(
        join(play.repo, 'lefthook.yml'),
        `pre-commit:\n  jobs:\n    - run: ${BLOCKS}\npost-commit:\n  jobs:\n    - run: echo post-commit >>"$HOME/said"\npost-rewrite:\n  jobs:\n    - run: cat >>"$HOME/said"\n      use_stdin: true\n`,
      );
    },
    install: (play) => play.run('lefthook', ['install']),
    takesOver: true,
  },
];

describe.each(MANAGERS.filter(({ name }) => has(name)))('$name', (manager) => {
  const start = (): Playground => {
    const play = new Playground([NPM_BIN, PYTHON_BIN]);
    manager.configure(play);
    play.git(['add', '.']);
    play.git(['commit', '-q', '-m', 'begin']);
    return play;
  };
  const succeed = (ran: Ran): void => expect(ran).toMatchObject({ code: 0 });

  /** What a commit, an amend and a commit that is blocked do and say. */
  function behaviour(play: Playground): unknown {
    rmSync(join(play.home, 'said'), { force: true });
    const codes = [play.commit('one').code, play.run('git', ['commit', '-q', '--allow-empty', '--amend', '-m', 'two']).code];
    writeFileSync(join(play.home, 'block'), '');
    // lefthook asks of a commit without files nothing.
    play.hook('file', 'x');
    play.git(['add', 'file']);
    codes.push(play.commit('three').code);
    play.git(['rm', '-q', '-f', 'file']);
    rmSync(join(play.home, 'block'));
    codes.push(play.run('git', ['checkout', '-q', 'HEAD~0']).code, play.run('git', ['checkout', '-q', 'main']).code);
    const said = play.said('said').replaceAll(/[0-9a-f]{40}/g, 'SHA');
    return { codes, said, subjects: play.git(['log', '--format=%s', '-1']), status: play.git(['status', '--porcelain']) };
  }

  const rewritten = (play: Playground): unknown =>
    play.events().findLast(({ hook }) => hook === 'post-rewrite')?.rewritten[0]?.to;

  test('before us and again after us: everything runs as before, and commits are recorded', () => {
    const play = start();
    succeed(manager.install(play));
    const before = behaviour(play);
    expect(before).toMatchObject({ codes: [0, 0, 1, 0, 0] });
    const picture = play.picture();
    play.install();
    expect(behaviour(play)).toEqual(before);
    expect(play.recorded()).toBe(1);
    expect(rewritten(play)).toBe(play.git(['rev-parse', 'HEAD']));
    succeed(manager.install(play));
    expect(behaviour(play)).toEqual(before);
    expect(play.recorded()).toBe(1);
    expect(rewritten(play)).toBe(play.git(['rev-parse', 'HEAD']));
    play.uninstall();
    expect(play.picture()).toEqual(picture);
    expect(behaviour(play)).toEqual(before);
    expect(play.recorded()).toBe(0);
  });

  test('after us: everything runs as if we were not there, and commits are recorded once we are installed again', () => {
    const [play, without] = [start(), start()];
    succeed(manager.install(without));
    const before = behaviour(without);
    play.install();
    succeed(manager.install(play));
    expect(behaviour(play)).toEqual(before);
    expect(play.recorded()).toBe(manager.takesOver ? 0 : 1);
    play.install();
    expect(behaviour(play)).toEqual(before);
    expect(play.recorded()).toBe(1);
    play.uninstall();
    expect(behaviour(play)).toEqual(before);
    expect(play.recorded()).toBe(0);
    const ours = Object.values(play.picture()).filter((text) => /ai-tracker (records|>>>)|>>> ai-tracker/.test(text));
    expect(ours).toEqual([]);
  });

  test('goes on without us when ai-tracker has gone', () => {
    const [play, without] = [start(), start()];
    succeed(manager.install(without));
    succeed(manager.install(play));
    play.install();
    rmSync(join(play.home, '.config/ai-tracker'), { recursive: true });
    expect(behaviour(play)).toEqual(behaviour(without));
    expect(existsSync(join(play.home, '.config/ai-tracker'))).toBe(false);
  });
});
