import { MAX_PATH } from './file-edits.ts';
import type { FileEdit } from './hook-event.ts';
import { hookPath } from './hook-path.ts';
import { flagAt, type JsonObject, nameAt, textAt } from './json-read.ts';
import { countLines } from './line-counts.ts';
import { countUnifiedDiff } from './unified-diff.ts';

export interface McpCall {
  /** `mcp__<server>__<tool>` */
  readonly toolName: string;
  readonly input: JsonObject;
  /** Texts of the answer's content blocks. */
  readonly answer: string;
  /** The project's folder, by which servers resolve relative paths. */
  readonly folder: string | null;
}

type Kind =
  /** Writes a file whole, or a new part of it; what was there before is not told. */
  | 'write'
  /** Refuses where the file exists. */
  | 'create'
  | 'move'
  | 'delete';

interface Shape {
  readonly tool: string;
  readonly kind: Kind;
  /** Arguments that name the file, in order. */
  readonly path: readonly string[];
  /** `create`: argument with the file's text. `move`: where to. */
  readonly other?: readonly string[];
}

/**
 * Tools of MCP servers that write files here, by the tool's own name and the arguments that it takes: the official filesystem
 * server, Desktop Commander, Serena, JetBrains' IDEs, and the text editor tools of Anthropic. What they leave untold is null;
 * a snapshot of the work tree may know it.
 */
const SHAPES: readonly Shape[] = [
  { tool: 'write_file', kind: 'write', path: ['path', 'file_path'] },
  { tool: 'edit_file', kind: 'write', path: ['path', 'file_path'] },
  { tool: 'move_file', kind: 'move', path: ['source'], other: ['destination'] },
  { tool: 'create_file', kind: 'create', path: ['path', 'file_path'], other: ['content', 'text', 'file_text'] },
  { tool: 'delete_file', kind: 'delete', path: ['path', 'file_path'] },
  { tool: 'edit_block', kind: 'write', path: ['file_path'] },
  { tool: 'create_text_file', kind: 'write', path: ['relative_path'] },
  { tool: 'replace_content', kind: 'write', path: ['relative_path'] },
  { tool: 'replace_regex', kind: 'write', path: ['relative_path'] },
  { tool: 'replace_lines', kind: 'write', path: ['relative_path'] },
  { tool: 'delete_lines', kind: 'write', path: ['relative_path'] },
  { tool: 'insert_at_line', kind: 'write', path: ['relative_path'] },
  { tool: 'replace_symbol_body', kind: 'write', path: ['relative_path'] },
  { tool: 'insert_after_symbol', kind: 'write', path: ['relative_path'] },
  { tool: 'insert_before_symbol', kind: 'write', path: ['relative_path'] },
  { tool: 'create_new_file', kind: 'create', path: ['pathInProject'], other: ['text', 'content'] },
  { tool: 'create_new_file_with_text', kind: 'create', path: ['pathInProject'], other: ['text'] },
  { tool: 'replace_text_in_file', kind: 'write', path: ['pathInProject'] },
  { tool: 'replace_file_text_by_path', kind: 'write', path: ['pathInProject'] },
];

/** One tool for all, told apart by `command`. */
const TEXT_EDITORS = new Set(['str_replace_editor', 'str_replace_based_edit_tool']);
const EDITOR_SHAPES: Readonly<Record<string, Shape>> = {
  create: { tool: 'create', kind: 'write', path: ['path'] },
  str_replace: { tool: 'str_replace', kind: 'write', path: ['path'] },
  insert: { tool: 'insert', kind: 'write', path: ['path'] },
};

/** What an MCP tool's call tells of files; none for tools that are not known. */
export function mcpEdits({ toolName, input, answer, folder }: McpCall): FileEdit[] {
  // A file of a repository elsewhere, such as GitHub's create_or_update_file, is none of this machine.
  if (Object.hasOwn(input, 'owner') || Object.hasOwn(input, 'repo') || flagAt(input, 'dryRun')) return [];
  const shape = shapeOf(toolName, input);
  const path = shape === null ? null : pathAt(input, shape.path, folder);
  if (shape === null || path === null) return [];
  const counted = { path, previousPath: null };
  switch (shape.kind) {
    case 'write': {
      // The filesystem server answers an edit with its diff.
      const counts = countUnifiedDiff(answer);
      return [{ ...counted, type: 'edit', linesAdded: counts?.added ?? null, linesRemoved: counts?.removed ?? null }];
    }
    case 'create': {
      const text = (shape.other ?? []).map((key) => textAt(input, key)).find((found) => found !== null) ?? null;
      return [{ ...counted, type: 'create', linesAdded: text === null ? null : countLines(text), linesRemoved: 0 }];
    }
    case 'delete':
      return [{ ...counted, type: 'delete', linesAdded: 0, linesRemoved: null }];
    case 'move': {
      const to = pathAt(input, shape.other ?? [], folder);
      return to === null ? [] : [{ path: to, previousPath: path, type: 'rename', linesAdded: 0, linesRemoved: 0 }];
    }
  }
}

function shapeOf(toolName: string, input: JsonObject): Shape | null {
  // A server's name may hold underscores, a tool's name two in a row hardly.
  const tool = toolName.slice(toolName.lastIndexOf('__') + 2);
  if (!TEXT_EDITORS.has(tool)) return SHAPES.find((shape) => shape.tool === tool) ?? null;
  const command = textAt(input, 'command') ?? '';
  return Object.hasOwn(EDITOR_SHAPES, command) ? (EDITOR_SHAPES[command] ?? null) : null;
}

function pathAt(input: JsonObject, keys: readonly string[], folder: string | null): string | null {
  for (const key of keys) {
    const path = nameAt(input, key, MAX_PATH);
    if (path !== null) return hookPath(path, folder);
  }
  return null;
}
