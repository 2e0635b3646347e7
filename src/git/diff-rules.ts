/**
 * How two trees are compared, so that every machine counts the lines of a commit alike: git's defaults, whatever the user's
 * configuration says (`diff.algorithm`, `diff.renames`, `diff.context`, an algorithm of a diff driver …). `.gitattributes` hold: a file
 * with `-diff` or `binary` has no lines, as in `git show --numstat`. No program that the configuration names is started.
 */
export const DIFF_RULES: readonly string[] = [
  ...['-c', 'diff.renameLimit=1000', 'diff-tree', '-r', '-z', '--no-commit-id', '--no-abbrev', '--full-index'],
  ...['--no-ext-diff', '--no-textconv', '--diff-algorithm=myers', '--indent-heuristic', '--no-color', '--no-relative'],
  ...['--ignore-submodules=none', '--submodule=short', '--inter-hunk-context=0'],
];

/** git knows the tree of no files without having it. */
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;
const SHA256_DIGITS = 64;

export interface DiffRange {
  readonly from: string;
  readonly to: string;
}

/** @param from null: the empty tree @param to full name of a commit or tree */
export function treesOf(from: string | null, to: string): DiffRange {
  return { from: from ?? (to.length === SHA256_DIGITS ? EMPTY_TREE.sha256 : EMPTY_TREE.sha1), to };
}
