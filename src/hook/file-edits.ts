import type { FileEdit } from './hook-event.ts';
import { hookPath } from './hook-path.ts';
import { flagAt, type JsonObject, listAt, nameAt, objectsOf, textAt } from './json-read.ts';
import { compareTexts, countLines, type LineCounts, normalLines } from './line-counts.ts';
import { countPatch } from './structured-patch.ts';

/** What an editing tool was given and what it answered; null where it answered with no object. */
export interface ToolCall {
  readonly input: JsonObject | null;
  readonly response: JsonObject | null;
  /** The session's folder when the hook ran. */
  readonly cwd: string | null;
}

export const MAX_PATH = 4096;
const MAX_STEPS = 1000;

/** `file_path` of the input is absolute; the answer's is as the model wrote it. */
function pathOf({ input, response, cwd }: ToolCall, inputKey: string, responseKey: string): string | null {
  const path = nameAt(input, inputKey, MAX_PATH) ?? nameAt(response, responseKey, MAX_PATH);
  return path === null ? null : hookPath(path, cwd);
}

const edit = (path: string, type: FileEdit['type'], counts: LineCounts | null): FileEdit => ({
  ...{ path, previousPath: null, type },
  linesAdded: counts?.added ?? null,
  linesRemoved: counts?.removed ?? null,
});

/** The patch tells what was written, also where the model's quotes were not the file's; its absence tells nothing. */
export function writeEdits(call: ToolCall): FileEdit[] {
  const path = pathOf(call, 'file_path', 'filePath');
  if (path === null) return [];
  const { input, response } = call;
  const content = textAt(response, 'content') ?? textAt(input, 'content');
  if (textAt(response, 'type') === 'create') {
    return [edit(path, 'create', content === null ? null : { added: countLines(content), removed: 0 })];
  }
  const original = textAt(response, 'originalFile');
  const patched = countPatch(listAt(response ?? {}, 'structuredPatch'));
  if (patched !== null || original === null || content === null) return [edit(path, 'edit', patched)];
  return [edit(path, 'edit', compareTexts(normalLines(original), normalLines(content)))];
}

interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly all: boolean;
}

export function editEdits(call: ToolCall): FileEdit[] {
  const { input, response } = call;
  // What the file had; the input has the model's spelling of it, with other quotes.
  const from = textAt(response, 'oldString') ?? textAt(input, 'old_string');
  const to = textAt(response, 'newString') ?? textAt(input, 'new_string');
  const all = flagAt(response, 'replaceAll') || flagAt(input, 'replace_all');
  const isRespelled = from !== null && textAt(input, 'old_string') !== null && textAt(input, 'old_string') !== from;
  // Then the new text is respelled too, in a way that only the patch shows.
  const replacements = from === null || to === null || isRespelled ? null : [{ from, to, all }];
  return replaced(call, textAt(response, 'originalFile'), from, replacements);
}

/** Of versions before 2.1: several replacements in a row. */
export function multiEditEdits(call: ToolCall): FileEdit[] {
  const given = objectsOf(listAt(call.input ?? {}, 'edits') ?? listAt(call.response ?? {}, 'edits'), MAX_STEPS);
  const replacements = given.map((step) => ({
    from: textAt(step, 'old_string') ?? '',
    to: textAt(step, 'new_string') ?? '',
    all: flagAt(step, 'replace_all'),
  }));
  const original = textAt(call.response, 'originalFileContents') ?? textAt(call.response, 'originalFile');
  return replaced(call, original, replacements[0]?.from ?? null, replacements);
}

function replaced(
  call: ToolCall,
  original: string | null,
  from: string | null,
  replacements: readonly Replacement[] | null,
): FileEdit[] {
  const path = pathOf(call, 'file_path', 'filePath');
  if (path === null) return [];
  // An empty text to replace is how a file is made.
  const type = from === '' && (original ?? '') === '' ? 'create' : 'edit';
  const patched = countPatch(listAt(call.response ?? {}, 'structuredPatch'));
  if (patched !== null) return [edit(path, type, patched)];
  const before = original ?? (type === 'create' ? '' : null);
  if (before === null || replacements === null) return [edit(path, type, null)];
  // Claude Code gives its own diff up where most of a large file changes, and hands the original over.
  let after: string | null = before;
  for (const replacement of replacements) if (after !== null) after = replaceIn(after, replacement);
  return [edit(path, type, after === null ? null : compareTexts(normalLines(before), normalLines(after)))];
}

/** Null where the text to replace is not there: then something else was written. */
function replaceIn(text: string, { from, to, all }: Replacement): string | null {
  if (from === '') return text === '' ? to : null;
  // A text that is deleted takes the newline behind it along.
  const whole = to === '' && !from.endsWith('\n') && text.includes(`${from}\n`) ? `${from}\n` : from;
  const at = text.indexOf(whole);
  if (at < 0) return null;
  return all ? text.split(whole).join(to) : text.slice(0, at) + to + text.slice(at + whole.length);
}

/** Notebooks answer in snake case, with both texts and no patch. */
export function notebookEdits(call: ToolCall): FileEdit[] {
  const path = pathOf(call, 'notebook_path', 'notebook_path');
  if (path === null) return [];
  const before = textAt(call.response, 'original_file');
  const after = textAt(call.response, 'updated_file');
  if (before === null || after === null) return [edit(path, 'edit', null)];
  return [edit(path, 'edit', compareTexts(normalLines(before), normalLines(after)))];
}
