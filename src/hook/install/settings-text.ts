import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import {
  applyEdits,
  type EditResult,
  type FormattingOptions,
  findNodeAtLocation,
  type JSONPath,
  modify,
  type Node,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
  visit,
} from 'jsonc-parser';

/**
 * The text of a settings file, edited in place: what is not ours keeps its bytes, with indent, line ends and byte order mark.
 * Claude Code reads strict JSON and ignores a file with a comment in it whole, so such a file is refused, not mended.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

export type SettingsReading =
  | { readonly status: 'read'; readonly text: string; readonly value: JsonObject }
  /** What is wrong, in words that follow the file's name. */
  | { readonly status: 'unusable'; readonly why: string };

export interface Change {
  readonly path: JSONPath;
  /** undefined: is taken away. */
  readonly value: unknown;
  /** Goes into an array at the path's last index, instead of replacing what is there. */
  readonly insert?: boolean;
}

const BOM = '\ufeff';

/** @param bytes null where there is no file, which is as good as an empty one */
export function readSettings(bytes: Buffer | null): SettingsReading {
  if (bytes !== null && !isUtf8(bytes)) return { status: 'unusable', why: 'is not UTF-8' };
  const text = bytes?.toString('utf8') ?? '';
  const body = withoutBom(text);
  if (body.trim() === '') return { status: 'read', text, value: {} };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { status: 'unusable', why: complaint(body) };
  }
  const why = wrongShape(value);
  return why === null ? { status: 'read', text, value: value as JsonObject } : { status: 'unusable', why };
}

/** What a text says that `changeSettings` made, or that `readSettings` could read. */
export function settingsValue(text: string): JsonObject {
  const body = withoutBom(text);
  return body.trim() === '' ? {} : (JSON.parse(body) as JsonObject);
}

const TOO_DEEP = 'is nested too deep: such a file cannot be edited here';

const withoutBom = (text: string): string => (text.startsWith(BOM) ? text.slice(1) : text);

function complaint(body: string): string {
  try {
    return complaintOf(body);
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
}

/** What JSON misses, as people say it; the parser's own name for the rest. */
const IN_WORDS: Readonly<Record<string, string>> = {
  PropertyNameExpected: 'a name in double quotes is missing',
  ValueExpected: 'a value is missing',
  ColonExpected: 'a colon is missing',
  CommaExpected: 'a comma is missing',
  CloseBraceExpected: 'a closing brace is missing',
  CloseBracketExpected: 'a closing bracket is missing',
  EndOfFileExpected: 'something follows its end',
  InvalidSymbol: 'a word stands there without double quotes',
  InvalidNumberFormat: 'a number is not written as JSON has it',
  UnexpectedEndOfString: 'a text has no closing quote',
  UnexpectedEndOfNumber: 'a number breaks off',
  InvalidUnicode: 'a \\u lacks its four digits',
  InvalidEscapeCharacter: 'a backslash stands before something that it does not escape',
  InvalidCharacter: 'a control character stands in a text',
};

function complaintOf(body: string): string {
  const comments: number[] = [];
  visit(body, { onComment: (_offset, _length, line) => void comments.push(line + 1) });
  if (comments[0] !== undefined)
    return `has a comment in line ${comments[0]}, and Claude Code ignores such a file: it must be plain JSON`;
  const errors: ParseError[] = [];
  parse(body, errors, { disallowComments: true });
  const [error] = errors;
  if (error === undefined) return 'is not JSON';
  const comma = /,\s*$/.exec(body.slice(0, error.offset));
  const isTrailing = comma !== null && /[}\]]/.test(body[error.offset] ?? '');
  const before = body.slice(0, isTrailing ? comma.index : error.offset).split('\n');
  const name = printParseErrorCode(error.error);
  const what = isTrailing ? 'a comma stands behind the last entry' : (IN_WORDS[name] ?? name);
  return `is not JSON: ${what} in line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

function wrongShape(value: unknown): string | null {
  if (!isObject(value)) return 'holds no JSON object';
  const { hooks, env } = value;
  if (env !== undefined && !isObject(env)) return 'has an `env` that is no object';
  if (hooks === undefined) return null;
  if (!isObject(hooks)) return 'has `hooks` that are no object';
  const wrong = Object.keys(hooks).find((event) => !Array.isArray(hooks[event]));
  return wrong === undefined ? null : `has \`hooks.${wrong}\` that is no list`;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The text with the changes, made one after the other.
 * @throws Error where the text does not say after them what it should (a key that stands there twice)
 */
export function changeSettings(text: string, changes: readonly Change[]): string {
  try {
    return changed(text, changes);
  } catch (error) {
    throw error instanceof RangeError ? new Error(TOO_DEEP, { cause: error }) : error;
  }
}

function changed(text: string, changes: readonly Change[]): string {
  const bom = text.startsWith(BOM) ? BOM : '';
  let body = text.slice(bom.length);
  if (body.trim() === '') body = '{}\n';
  const expected = JSON.parse(body) as JsonObject;
  const formattingOptions = formatOf(body);
  for (const { path, value, insert = false } of changes) {
    const edits =
      value === undefined ? removal(body, path) : modify(body, path, value, { formattingOptions, isArrayInsertion: insert });
    body = applyEdits(body, edits);
    applyTo(expected, path, value, insert);
  }
  // Written twice, a key counts by its last place for readers and by its first for the editor.
  if (!isDeepStrictEqual(JSON.parse(body), expected)) throw new Error('has a key twice in one object; leave one of them');
  return bom + body;
}

/**
 * Cuts out a member with one comma and the white space on one of its sides. Not by `modify` (jsonc-parser 3.3.1), which takes for
 * granted that one character stands between an array's last element and its end, and formats what is left.
 */
function removal(body: string, path: JSONPath): EditResult {
  const root = parseTree(body);
  const found = root === undefined ? undefined : findNodeAtLocation(root, path);
  const member = found?.parent?.type === 'property' ? found.parent : found;
  const siblings = member?.parent?.children ?? [];
  if (member?.parent === undefined) return [];
  const at = siblings.indexOf(member);
  const end = (node: Node): number => node.offset + node.length;
  const [before, after] = [siblings[at - 1], siblings[at + 1]];
  // Within the brackets, or up to a neighbour: the one before, so that the last one has no comma after it.
  const from = before !== undefined ? end(before) : after !== undefined ? member.offset : member.parent.offset + 1;
  const to = before !== undefined ? end(member) : after !== undefined ? after.offset : end(member.parent) - 1;
  return [{ offset: from, length: to - from, content: '' }];
}

function applyTo(root: JsonObject, path: JSONPath, value: unknown, insert: boolean): void {
  let at = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  const copy = value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
  if (Array.isArray(at)) at.splice(Number(last), insert ? 0 : 1, ...(copy === undefined ? [] : [copy]));
  else if (copy === undefined) delete at[last];
  else at[last] = copy;
}

/** As the file itself is written: its line ends, its indent. */
function formatOf(body: string): FormattingOptions {
  const indent = /^([ \t]+)\S/m.exec(body)?.[1] ?? '  ';
  const isTab = indent.startsWith('\t');
  return { insertSpaces: !isTab, tabSize: isTab ? 1 : indent.length, eol: body.includes('\r\n') ? '\r\n' : '\n' };
}
