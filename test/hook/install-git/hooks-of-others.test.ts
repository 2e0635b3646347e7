import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Playground } from './hooked-repository.ts';

/** Says into a file of the home how it was called, and ends with 7. */
const SAYS = 'echo "$(basename "$0") $(dirname "$0") $#:$*" >>"$HOME/said"; exit 7\n';

describe('a hook of somebody else', () => {
  const shapes: readonly (readonly [string, string])[] = [
    ['that exits', `#!/bin/sh\n${SAYS}`],
    [
      'that hands over to another program',
      `#!/bin/sh\nexec sh -c 'echo "$(basename "$0") $(dirname "$0") $#:$*" >>"$HOME/said"; exit 7' "$0" "$@"\n`,
    ],
    [
      'with a trap and `set -e`',
      `#!/bin/sh -e\ntrap 'echo "$(basename "$0") $(dirname "$0") $#:$*" >>"$HOME/said"; exit 7' EXIT\nfalse\n`,
    ],
    ['in bash', `#!/usr/bin/env bash\na=(1)\n${SAYS}`],
    ['without a first line that names its program', SAYS],
    ['without an end of its last line', `#!/bin/sh\n${SAYS.trimEnd()}`],
    ['with Latin-1 in it', `#!/bin/sh\n# \xfcber\n${SAYS}`],
  ];
  test.each(shapes)('%s runs as before, and the commit is recorded', (_what, text) => {
    const play = new Playground();
    play.hook('.git/hooks/post-checkout', text);
    play.commit('x');
    const checkout = (): number | null => play.run('git', ['checkout', '-q', '-b', `b${Math.random()}`.replace('.', '')]).code;
    const code = checkout();
    expect(code).not.toBe(0);
    const before = play.picture();
    const said = play.said('said');
    expect(said).toMatch(/^post-checkout \.git\/hooks 3:/);
    play.install();
    expect(play.picture()).not.toEqual(before);
    expect(checkout()).toBe(code);
    expect(play.said('said')).toBe(said + said);
    expect(play.recorded('post-checkout')).toBe(1);
    play.uninstall();
    expect(play.picture()).toEqual(before);
  });

  test.each([
    [
      'a program of another language',
      '#!/usr/bin/env -S python3\nimport sys,os\nopen(os.environ["HOME"]+"/said","a").write(repr(sys.argv[1:]))\nsys.exit(7)\n',
    ],
    ['a script with CRLF', '#!/usr/bin/env -S sh -c "echo said >>$HOME/said; exit 7"\r\n'],
  ])('that is %s is moved, runs as before, and comes back', (_what, text) => {
    const play = new Playground();
    play.commit('x');
    play.hook('.git/hooks/post-checkout', text);
    const checkout = (): number | null => play.run('git', ['checkout', '-q', '-b', `b${Math.random()}`.replace('.', '')]).code;
    const first = checkout();
    expect(first).not.toBe(0);
    const [before, said] = [play.picture(), play.said('said')];
    play.install();
    expect(checkout()).toBe(first);
    expect(play.said('said')).toBe(said + said);
    expect(play.recorded('post-checkout')).toBe(1);
    play.uninstall();
    expect(play.picture()).toEqual(before);
  });

  test('that is a link stays a link into the repository, whose file nobody touches', () => {
    const play = new Playground();
    play.hook('scripts/notify.sh', `#!/bin/sh\n${SAYS}`);
    play.git(['add', '.']);
    symlinkSync('../../scripts/notify.sh', join(play.repo, '.git/hooks/post-commit'));
    const before = play.picture();
    play.install();
    expect(play.commit('x').code).toBe(0);
    expect(play.git(['status', '--porcelain'])).toBe('');
    expect(play.said('said')).toContain('0:');
    expect(play.recorded()).toBe(1);
    play.uninstall();
    expect(play.picture()).toEqual(before);
  });

  test('that is not executable is not run, neither before nor after', () => {
    const play = new Playground();
    play.hook('.git/hooks/post-commit', `#!/bin/sh\n${SAYS}`, 0o644);
    const before = play.picture();
    play.install();
    play.commit('x');
    expect(play.said('said')).toBe('');
    expect(play.recorded()).toBe(1);
    play.uninstall();
    expect(play.picture()).toEqual(before);
  });

  test('that blocks commits goes on blocking them', () => {
    const play = new Playground();
    play.hook('.git/hooks/pre-commit', '#!/bin/sh\necho no >&2\nexit 1\n');
    play.hook('.git/hooks/post-commit', '#!/bin/sh\nexit 3\n');
    const refused = play.commit('x');
    play.install();
    expect(play.commit('x')).toEqual(refused);
    expect(refused).toMatchObject({ code: 1, err: 'no\n' });
    rmSync(join(play.repo, '.git/hooks/pre-commit'));
    expect(play.commit('x')).toMatchObject({ code: 0 });
    expect(play.recorded()).toBe(1);
  });

  test.each([
    ['a shell script', '#!/bin/sh\ncat >>"$HOME/lines"\n'],
    [
      'another program',
      '#!/usr/bin/env -S python3\nimport sys,os\nopen(os.environ["HOME"]+"/lines","a").write(sys.stdin.read())\n',
    ],
    ['one that does not read it', '#!/bin/sh\nexit 0\n'],
  ])('of post-rewrite reads what git says, and so do we: %s', (_what, text) => {
    const play = new Playground();
    play.hook('.git/hooks/post-rewrite', text);
    play.commit('x');
    play.install();
    const from = play.git(['rev-parse', 'HEAD']);
    play.git(['commit', '-q', '--allow-empty', '--amend', '-m', 'y']);
    const to = play.git(['rev-parse', 'HEAD']);
    if (text.includes('lines')) expect(play.said('lines')).toBe(`${from} ${to}\n`);
    expect(play.events().filter(({ hook }) => hook === 'post-rewrite')).toMatchObject([{ rewritten: [{ from, to }] }]);
  });

  test('that commits itself is recorded for both commits', () => {
    const play = new Playground();
    play.hook(
      '.git/hooks/post-commit',
      '#!/bin/sh\n[ -e "$HOME/once" ] || { : >"$HOME/once"; git commit -q --allow-empty -m inner; }\n',
    );
    play.install();
    play.commit('x');
    expect(play.git(['log', '--format=%s'])).toBe('inner\nx');
    // Theirs ran first, so ours saw the inner commit twice; what was before it is told by the step of HEAD.
    expect(play.recorded()).toBe(2);
    expect(play.events().map(({ reflog }) => reflog?.message)).toContain('commit: inner');
  });
});

describe('our hooks', () => {
  test('installed twice are there once, and brought up to date', () => {
    const play = new Playground();
    play.hook('.git/hooks/post-commit', '#!/bin/sh\n:\n');
    const before = play.picture();
    play.install();
    const after = play.picture();
    expect(play.install()).toContain('up to date');
    expect(play.picture()).toEqual(after);
    play.commit('x');
    expect(play.recorded()).toBe(1);
    play.uninstall();
    expect(play.picture()).toEqual(before);
    expect(play.aiTracker(['uninstall', '--git']).out).toContain('nothing was changed');
  });

  test('say nothing and let the commit through when ai-tracker has gone', () => {
    const play = new Playground();
    play.hook('.git/hooks/post-commit', '#!/bin/sh\necho theirs >>"$HOME/said"\n');
    play.install();
    rmSync(join(play.home, '.config'), { recursive: true });
    expect(play.commit('x')).toEqual({ code: 0, out: '', err: '' });
    expect(play.said('said')).toBe('theirs\n');
    play.git(['commit', '-q', '--allow-empty', '--amend', '-m', 'y']);
    play.git(['checkout', '-q', '-b', 'other']);
  });

  test.each([
    ['missing', (): void => undefined, 1],
    ['a file', (folder: string): void => writeFileSync(folder, ''), 0],
    ['full', (folder: string): void => (mkdirSync(folder, { recursive: true }), writeFileSync(join(folder, '.full'), '')), 0],
  ])('let the commit through when the spool is %s', (_what, make, records) => {
    const play = new Playground();
    play.install();
    const folder = join(play.home, 'spool');
    make(folder);
    const run = play.commit('x', { env: { AI_TRACKER_SPOOL_DIR: folder } });
    expect(run.code).toBe(0);
    expect(run.out).toBe('');
    expect(run.err.split('\n')).toHaveLength(records === 1 ? 1 : 2);
  });

  test('work where core.hooksPath says, in the repository or for all of them', () => {
    const play = new Playground();
    const shared = join(play.home, 'all-hooks');
    mkdirSync(shared);
    writeFileSync(join(shared, 'pre-commit'), '#!/bin/sh\necho ran >>"$HOME/said"\n');
    chmodSync(join(shared, 'pre-commit'), 0o755);
    play.git(['config', '--global', 'core.hooksPath', '~/all-hooks']);
    const before = play.picture(shared);
    play.install();
    play.commit('x');
    expect([play.said('said'), play.recorded()]).toEqual(['ran\n', 1]);
    play.uninstall();
    expect(play.picture(shared)).toEqual(before);
    play.git(['config', 'core.hooksPath', '.githooks']);
    const own = play.picture();
    play.install();
    play.commit('y');
    expect(play.recorded()).toBe(1);
    // A folder of the repository: what is ours in it is nobody else's to see.
    expect(play.git(['status', '--porcelain'])).toBe('');
    play.uninstall();
    expect(play.picture()).toEqual(own);
  });

  test('work in work trees and submodules', () => {
    const play = new Playground();
    play.commit('x');
    const tree = join(play.home, 'tree');
    play.git(['worktree', 'add', '-q', '-b', 'side', tree]);
    play.install(tree);
    play.commit('in the tree', { cwd: tree });
    expect(play.recorded('post-commit', tree)).toBe(1);
    play.commit('in the first');
    expect(play.recorded()).toBe(1);

    play.git(['clone', '-q', '--bare', play.repo, join(play.home, 'sub.git')]);
    play.git(['submodule', 'add', '-q', join(play.home, 'sub.git'), 'sub']);
    const sub = join(play.repo, 'sub');
    play.install(sub);
    play.commit('in the submodule', { cwd: sub });
    const event = play.events().findLast(({ place }) => place.top === sub);
    expect(event?.place).toMatchObject({ gitDir: join(play.repo, '.git/modules/sub'), branch: 'main' });
    play.uninstall();
    expect(play.commit('unrecorded', { cwd: sub }).code).toBe(0);
    expect(play.recorded('post-commit', sub)).toBe(0);
  });

  test('--repo names the repository; outside of any, --git is refused and a plain install says so', () => {
    const play = new Playground();
    expect(play.aiTracker(['install', '--git'], play.home)).toMatchObject({ code: 3 });
    expect(play.aiTracker(['install', '--repo', play.repo], play.home).code).toBe(0);
    play.commit('x');
    expect(play.recorded()).toBe(1);
    const plain = play.aiTracker(['install'], play.home);
    expect([plain.code, plain.out.replaceAll('\n  ', ' ')]).toEqual([0, expect.stringContaining('is in no work tree of git')]);
  });

  test('plain install and uninstall do Claude Code and git', () => {
    const play = new Playground();
    const before = play.picture(play.home);
    expect(play.aiTracker(['install']).code).toBe(0);
    expect(play.picture(play.home)).toHaveProperty(['.claude/settings.json']);
    expect(play.aiTracker(['uninstall'], play.home).code).toBe(0);
    expect(play.picture(play.home)).toEqual(before);
  });

  test('--dry-run prints what would be done and does nothing; --print prints a hook for templates', () => {
    const play = new Playground();
    play.hook('.git/hooks/post-merge', '#!/usr/bin/env python3\n');
    const before = play.picture(play.home);
    const { out } = play.aiTracker(['install', '--git', '--dry-run']);
    expect(out).toContain('+++ ');
    expect(out).toContain('rename ');
    const printed = play.aiTracker(['install', '--git', '--print']).out;
    expect(play.picture(play.home)).toEqual(before);
    play.install();
    play.uninstall();
    expect(play.picture(play.home)).toEqual(before);
    play.aiTracker(['install', '--git']);
    play.hook('.git/hooks/post-commit', printed);
    play.commit('x');
    expect(play.recorded()).toBe(1);
  });

  test('--global is refused with what to do instead', () => {
    const play = new Playground();
    const { code, err } = play.aiTracker(['install', '--git', '--global']);
    expect([code, err]).toEqual([2, expect.stringContaining('init.templateDir')]);
  });
});
