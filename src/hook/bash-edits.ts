import type { ToolCall } from './file-edits.ts';
import { MAX_PATH } from './file-edits.ts';
import type { FileEdit } from './hook-event.ts';
import { hookPath, lastPart } from './hook-path.ts';
import { flagAt, type JsonObject, listAt, nameAt, objectAt, objectsOf } from './json-read.ts';
import { countPatchLines, patchLines } from './structured-patch.ts';

const MAX_FILES = 10_000;

interface ChangedFile {
  readonly path: string;
  readonly type: 'create' | 'edit' | 'delete';
  readonly lines: readonly string[];
}

/**
 * Files that a shell command changed, as Claude Code 2.1.330 reports them where the session's folder is a git work tree
 * (`bashEditDiff`). Of files that it only names, the lines are unknown. A moved file is reported as one deleted and one created;
 * both keep their row and their lines, so that lines add up per path, and the created one is called a rename with its
 * previous path where what it holds is what the other held.
 */
export function bashEdits({ response, cwd }: ToolCall): FileEdit[] {
  const diff = response === null ? null : objectAt(response, 'bashEditDiff');
  if (diff === null) return [];
  const files = objectsOf(listAt(diff, 'files'), MAX_FILES).flatMap((file) => readFile(file, cwd));
  const previous = previousPaths(files);
  const edits = files.map((file): FileEdit => {
    const { added, removed } = countPatchLines(file.lines);
    const previousPath = previous.get(file) ?? null;
    return {
      ...{ path: file.path, previousPath, type: previousPath === null ? file.type : 'rename' },
      ...{ linesAdded: added, linesRemoved: removed },
    };
  });
  return [...edits, ...namedOnly(diff, cwd, new Set(files.map(({ path }) => path)))];
}

function readFile(file: JsonObject, cwd: string | null): ChangedFile[] {
  const path = nameAt(file, 'filePath', MAX_PATH);
  if (path === null) return [];
  const type = flagAt(file, 'created') ? 'create' : flagAt(file, 'deleted') ? 'delete' : 'edit';
  return [{ path: hookPath(path, cwd), type, lines: patchLines(listAt(file, 'hunks') ?? []) }];
}

/** `files` ends at a limit of Claude Code's (`moreFiles`); `changedFiles` names all. */
function namedOnly(diff: JsonObject, cwd: string | null, known: ReadonlySet<string>): FileEdit[] {
  const names = (listAt(diff, 'changedFiles') ?? []).slice(0, MAX_FILES);
  const paths = names.flatMap((name) =>
    typeof name === 'string' && name !== '' && name.length <= MAX_PATH ? [hookPath(name, cwd)] : [],
  );
  return [...new Set(paths)]
    .filter((path) => !known.has(path))
    .map((path) => ({ path, previousPath: null, type: 'edit', linesAdded: null, linesRemoved: null }));
}

/** Created file → path of a deleted one with the same content; of several, the one with the same name. Empty files are all alike. */
function previousPaths(files: readonly ChangedFile[]): Map<ChangedFile, string> {
  const gone = new Map<string, string[]>();
  for (const { type, lines, path } of files) {
    if (type !== 'delete' || lines.length === 0) continue;
    const key = contentOf(lines);
    gone.set(key, [...(gone.get(key) ?? []), path]);
  }
  const found = new Map<ChangedFile, string>();
  for (const file of files) {
    if (file.type !== 'create' || file.lines.length === 0) continue;
    const paths = gone.get(contentOf(file.lines)) ?? [];
    const same = paths.findIndex((path) => lastPart(path) === lastPart(file.path));
    const [path] = paths.splice(Math.max(same, 0), 1);
    if (path !== undefined) found.set(file, path);
  }
  return found;
}

/** Without the sign, which is the same in all lines of a file that came or went; the mark of a missing newline stays. */
const contentOf = (lines: readonly string[]): string =>
  lines.map((line) => (line.startsWith('\\') ? line : line.slice(1))).join('\n');
