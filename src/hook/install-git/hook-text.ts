import { hasBlock } from './our-block.ts';

/** What git tells us of: commits and what moves them. */
export const GIT_HOOKS = ['post-commit', 'post-rewrite', 'post-merge', 'post-checkout', 'post-applypatch'] as const;
export type GitHookName = (typeof GIT_HOOKS)[number];

/** Where a hook that was there before lies while ours runs it. */
export const BEFORE = '.before-ai-tracker';

const MARK = '# ai-tracker records what this hook tells; `ai-tracker uninstall --git` takes it away.';
/** Set for the second run of a file by itself, and gone when what was there before begins. */
const INNER = 'AI_TRACKER_INNER_HOOK';

export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Runs the script, or nothing where that is gone. @param name as a shell reads it */
const recording = (script: string, name: string): string => `[ ! -r ${quoted(script)} ] || sh ${quoted(script)} ${name} "$@"`;

/** A hook where there was none. @param name null: by the name of its file, for templates */
export const ownHook = (name: GitHookName | null, script: string): string =>
  `#!/bin/sh\n${MARK}\n${recording(script, name ?? '"${0##*/}"')}\nexit 0\n`;

/** A hook in the place of one that is no shell's: runs that one first, and ends as it ended. */
export function wrappingHook(name: GitHookName, script: string, theirs: string): string {
  const path = `"\${0%/*}"/${quoted(theirs)}`;
  return [
    '#!/bin/sh',
    MARK,
    `# What was here before is ${theirs}.`,
    'code=0',
    `if [ -x ${path} ]; then`,
    ...chained(name, script, path, '').map((line) => `  ${line}`),
    `else ${recording(script, name)}; fi`,
    'exit $code',
    '',
  ].join('\n');
}

/**
 * Lines at the top of a shell's hook. The file runs itself once more, without these lines, then records: what was there before runs as a
 * process of the same name, with the same input, whatever it does (exit, exec, traps), and its exit code is that of the hook.
 *
 * @param itself how the file is run: by its shebang, or by the shell that a hook manager gives it to
 */
export function hookBlock(name: GitHookName, script: string, itself = '"$0"'): string[] {
  return [
    '# What stands below runs first, as it did before; `ai-tracker uninstall --git` takes these lines out.',
    `if [ "\${${INNER}:-}" = ${name} ]; then unset ${INNER}`,
    `elif [ -r ${quoted(script)} ]; then`,
    '  code=0',
    ...chained(name, script, itself, `${INNER}=${name} `).map((line) => `  ${line}`),
    '  exit $code',
    'fi',
  ];
}

/** Theirs, then ours. Of the hooks, git tells something on stdin to `post-rewrite` alone: both get it. */
function chained(name: GitHookName, script: string, theirs: string, env: string): string[] {
  if (name !== 'post-rewrite') return [`${env}${theirs} "$@" || code=$?`, recording(script, name)];
  return [
    'input=$(cat; echo .)',
    `printf %s "\${input%.}" 2>/dev/null | ${env}${theirs} "$@" || code=$?`,
    `printf %s "\${input%.}" 2>/dev/null | { ${recording(script, name)}; }`,
  ];
}

/**
 * Lines for the file that husky reads before it runs a hook of a repository (`~/.config/husky/init.sh`), which knows its name as `$n`.
 * Only where `install` left a mark in the repository. stdin is given back to the hook that comes after.
 */
export const huskyBlock = (script: string): string[] => [
  '# Records commits of repositories whose hooks are kept in them; `ai-tracker uninstall --git` takes these lines out.',
  `if [ -r ${quoted(script)} ] && [ -e "$(git rev-parse --git-common-dir)/${HUSKY_MARKS}/\${n:-.}" ]; then`,
  '  if [ "$n" = post-rewrite ]; then',
  '    ai_tracker_input=$(cat)',
  `    printf '%s\\n' "$ai_tracker_input" | sh ${quoted(script)} "$n" "$@"`,
  '    exec <<AI_TRACKER_INPUT',
  '$ai_tracker_input',
  'AI_TRACKER_INPUT',
  `  else sh ${quoted(script)} "$n" "$@"; fi`,
  'fi',
];

/** Below a repository's shared folder: a file for each hook that is recorded by husky's init.sh. */
export const HUSKY_MARKS = 'ai-tracker/husky';

/** Lines of a lefthook-local.yml. lefthook reads its hooks' stdin once and gives it to each that asks. */
export const lefthookBlock = (names: readonly GitHookName[], script: string): string[] =>
  names.flatMap((name) => [
    `${name}:`,
    '  commands:',
    '    ai-tracker:',
    ...(name === 'post-rewrite' ? ['      use_stdin: true'] : []),
    `      run: ${JSON.stringify(`[ ! -r ${quoted(script)} ] || sh ${quoted(script)} ${name} {0}`)}`,
  ]);

/** Whether a hook's file is wholly ours, or has lines of ours. */
export type Ownership = 'own' | 'wrapping' | 'block' | 'theirs';

export function ownershipOf(bytes: Buffer): Ownership {
  const text = bytes.toString('latin1');
  if (text.startsWith(`#!/bin/sh\n${MARK}\n`)) return text.includes(`\n# What was here before is `) ? 'wrapping' : 'own';
  return hasBlock(bytes) ? 'block' : 'theirs';
}

/** Who wrote a hook that is not ours, as far as it tells how to go with it. */
export type Keeper = 'pre-commit' | 'lefthook' | 'husky' | 'a shell script' | 'another program';

export function keeperOf(bytes: Buffer): Keeper {
  const text = bytes.toString('latin1');
  if (/^# File generated by (pre-commit|prek)\b/m.test(text)) return 'pre-commit';
  if (text.includes('call_lefthook')) return 'lefthook';
  if (text.startsWith('#!') && /^\. "\$\(dirname (?:-- )?"\$0"\)\/h"/m.test(text)) return 'husky';
  const [first = ''] = text.split('\n', 1);
  if (text.includes('\0') || first.endsWith('\r')) return 'another program';
  // Without a first line that names a program, git gives it to the shell.
  if (!first.startsWith('#!')) return 'a shell script';
  return /^#!\s*(?:\S*\/)?(?:env\s+(?:-S\s+)?)?(?:\S*\/)?(?:sh|dash|bash|ash|ksh|mksh|zsh)(?:\s+-\S+)*\s*$/.test(first)
    ? 'a shell script'
    : 'another program';
}
