import { hookPath } from './hook-path.ts';
import { flagAt, isObject, type JsonObject, listAt, nameAt, objectAt, objectsOf, textAt } from './json-read.ts';
import { normalLines } from './line-counts.ts';

/** What a file held: a text, no file, or not told. */
export type HeldText = { readonly text: string } | 'absent' | 'unknown';

export interface PatchHunk {
  readonly oldStart: number;
  /** Each with its sign, ' ', '-' or '+'. */
  readonly lines: readonly string[];
  /** Whether its last old or new line has no newline, as the mark behind that line says. */
  readonly oldEndsBare: boolean;
  readonly newEndsBare: boolean;
}

/** What a call's hook tells of the content of a file that it changed, for telling whose each line is. */
export interface EditContent {
  /** Absolute, as in the edit's row. */
  readonly path: string;
  readonly before: HeldText;
  readonly after: HeldText;
  /** Where the contents are not told. */
  readonly hunks: readonly PatchHunk[] | null;
}

const MAX_PATH = 4096;
const MAX_FILES = 10_000;

/** @param payload of a PostToolUse hook, parsed @returns nothing of tools that tell no content */
export function editContents(payload: unknown, cwd: string | null): EditContent[] {
  if (!isObject(payload)) return [];
  const input = objectAt(payload, 'tool_input');
  const response = objectAt(payload, 'tool_response');
  switch (nameAt(payload, 'tool_name', 256)) {
    case 'Write':
    case 'Edit':
    case 'MultiEdit':
      return ofFile(input, response, cwd);
    case 'NotebookEdit':
      return ofNotebook(input, response, cwd);
    case 'Bash':
      return ofCommand(response, cwd);
    default:
      return [];
  }
}

function ofFile(input: JsonObject | null, response: JsonObject | null, cwd: string | null): EditContent[] {
  const name = nameAt(input, 'file_path', MAX_PATH) ?? nameAt(response, 'filePath', MAX_PATH);
  if (name === null) return [];
  const path = hookPath(name, cwd);
  const original = textAt(response, 'originalFile') ?? textAt(response, 'originalFileContents');
  const content = textAt(response, 'content') ?? textAt(input, 'content');
  if (textAt(response, 'type') === 'create') return [{ path, before: 'absent', after: held(content), hunks: null }];
  const hunks = hunksOf(listAt(response, 'structuredPatch'));
  const isNew = original === '' && (textAt(response, 'oldString') ?? textAt(input, 'old_string')) === '';
  const before: HeldText = isNew ? 'absent' : held(original);
  if (content !== null) return [{ path, before, after: held(content), hunks }];
  const after =
    original === null ? null : (patched(normalLines(original), hunks) ?? replacedIn(normalLines(original), input, response));
  return [{ path, before, after: held(after), hunks }];
}

const held = (text: string | null): HeldText => (text === null ? 'unknown' : { text });

function ofNotebook(input: JsonObject | null, response: JsonObject | null, cwd: string | null): EditContent[] {
  const name = nameAt(input, 'notebook_path', MAX_PATH) ?? nameAt(response, 'notebook_path', MAX_PATH);
  const after = textAt(response, 'updated_file');
  if (name === null || after === null) return [];
  return [{ path: hookPath(name, cwd), before: held(textAt(response, 'original_file')), after: held(after), hunks: null }];
}

function ofCommand(response: JsonObject | null, cwd: string | null): EditContent[] {
  const diff = objectAt(response ?? {}, 'bashEditDiff');
  return objectsOf(listAt(diff, 'files'), MAX_FILES).flatMap((file): EditContent[] => {
    const name = nameAt(file, 'filePath', MAX_PATH);
    const hunks = hunksOf(listAt(file, 'hunks'));
    if (name === null || hunks === null) return [];
    const isNew = flagAt(file, 'created');
    const made = isNew ? patched('', hunks) : null;
    const after: HeldText = flagAt(file, 'deleted') ? 'absent' : held(made);
    return [{ path: hookPath(name, cwd), before: isNew ? 'absent' : 'unknown', after, hunks }];
  });
}

function hunksOf(list: readonly unknown[] | null): PatchHunk[] | null {
  if (list === null || list.length === 0) return null;
  return objectsOf(list, Number.POSITIVE_INFINITY).map((hunk) => {
    const lines: string[] = [];
    let [oldEndsBare, newEndsBare] = [false, false];
    for (const line of listAt(hunk, 'lines') ?? []) {
      if (typeof line !== 'string') continue;
      if (!line.startsWith('\\')) {
        lines.push(line);
        continue;
      }
      const sign = lines.at(-1)?.[0];
      oldEndsBare ||= sign !== '+';
      newEndsBare ||= sign !== '-';
    }
    const start = hunk['oldStart'];
    return { oldStart: typeof start === 'number' ? start : 1, lines, oldEndsBare, newEndsBare };
  });
}

/** The text that the patch makes; null where it does not fit, or there is none. */
function patched(text: string, hunks: readonly PatchHunk[] | null): string | null {
  if (hunks === null) return null;
  const lines = text === '' ? [] : text.split('\n');
  const made: string[] = [];
  let at = 0;
  for (const { oldStart, lines: told } of hunks) {
    const old = told.filter((line) => !line.startsWith('+'));
    const place = old.length === 0 && lines.length === 0 ? 0 : Math.max(oldStart - 1, 0);
    if (place < at || old.some((line, n) => lines[place + n] !== line.slice(1))) return null;
    made.push(...lines.slice(at, place));
    for (const line of told) if (!line.startsWith('-')) made.push(line.slice(1));
    at = place + old.length;
  }
  // Behind the last newline nothing is left; a hunk that reaches the end of a text without one says so.
  const rest = lines.slice(at);
  const last = hunks.at(-1);
  if (rest.length === 0 && last !== undefined && !last.newEndsBare) rest.push('');
  else if (rest.length === 1 && rest[0] === '' && last?.newEndsBare) rest.pop();
  return [...made, ...rest].join('\n');
}

/** Where Claude Code gave its own diff up. Null where the text to replace is not there. */
function replacedIn(text: string, input: JsonObject | null, response: JsonObject | null): string | null {
  const steps = objectsOf(listAt(input, 'edits') ?? listAt(response, 'edits'), 1000);
  const told =
    steps.length > 0
      ? steps
      : [{ ...input, ...(response === null ? {} : { old_string: response['oldString'] ?? input?.['old_string'] }) }];
  let made = text;
  for (const step of told) {
    const [from, to] = [textAt(step, 'old_string'), textAt(step, 'new_string')];
    if (from === null || to === null) return null;
    // Of a file that it makes, the old text is empty.
    if (from === '') {
      if (made !== '') return null;
      made = to;
      continue;
    }
    // Claude Code takes the newline along where it deletes what a line ends with.
    const gone = to === '' && !from.endsWith('\n') && made.includes(`${from}\n`) ? `${from}\n` : from;
    if (!made.includes(gone)) return null;
    made =
      flagAt(step, 'replace_all') || flagAt(response, 'replaceAll') ? made.split(gone).join(to) : made.replace(gone, () => to);
  }
  return made;
}
