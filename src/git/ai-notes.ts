import { askRepository } from './ask-repository.ts';
import type { GitFolders } from './git-folders.ts';
import { unquotePath } from './unquote-path.ts';

/** An agent's session as a note of git-ai names it. */
export interface NotedSession {
  /** `claude`, `cursor`, … */
  readonly tool: string;
  readonly sessionId: string | null;
  readonly model: string | null;
}

/** Lines of a file, counted from 1, the last one included. `session` is null where a person is named. */
export interface NotedLines {
  readonly path: string;
  readonly first: number;
  readonly last: number;
  readonly session: NotedSession | null;
}

const NOTES = 'refs/notes/ai';

export const hasAiNotes = (folders: GitFolders): boolean =>
  askRepository(folders, { args: ['rev-parse', '--verify', '--quiet', NOTES] }).status === 'done';

/**
 * What git-ai noted of these commits: Git AI Standard v3, a note at `refs/notes/ai` whose first section names lines and whose second one
 * the sessions that wrote them. One process of git. A note that is none of these is left out.
 */
export function aiNotes(folders: GitFolders, shas: readonly string[]): Map<string, readonly NotedLines[]> {
  const found = new Map<string, readonly NotedLines[]>();
  if (shas.length === 0 || !hasAiNotes(folders)) return found;
  const outcome = askRepository(folders, {
    args: ['log', '--stdin', '--no-walk=unsorted', `--notes=${NOTES}`, '--no-show-signature', '--format=%x00%H%x00%N'],
    input: shas.map((sha) => `${sha}\n`).join(''),
  });
  if (outcome.status !== 'done') return found;
  const parts = outcome.output.toString('utf8').split('\0');
  for (let n = 1; n + 1 < parts.length; n += 2) {
    const lines = readAiNote(parts[n + 1] ?? '');
    if (lines !== null) found.set(parts[n] ?? '', lines);
  }
  return found;
}

/** Null where it is no authorship log of version 3. */
export function readAiNote(note: string): NotedLines[] | null {
  const divider = /^---$/m.exec(note);
  if (divider === null) return null;
  const metadata = objectOf(parsed(note.slice(divider.index + 3)));
  if (!/^authorship\/3\./.test(String(metadata?.['schema_version']))) return null;
  const sessions = { ...objectOf(metadata?.['prompts']), ...objectOf(metadata?.['sessions']) };
  const lines: NotedLines[] = [];
  let path = '';
  for (const line of note.slice(0, divider.index).split('\n')) {
    if (line === '') continue;
    if (!line.startsWith('  ')) {
      path = unquotePath(line);
      continue;
    }
    const [hash = '', ranges = ''] = line.trim().split(' ');
    const session = sessionOf(hash, sessions);
    for (const range of ranges.split(',')) {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
      if (first !== undefined) lines.push({ path, first: Number(first), last: Number(last), session });
    }
  }
  return lines;
}

/** Later 3.x name a person `h_…`, and a call within a session `<session>::<call>`. */
function sessionOf(hash: string, sessions: Readonly<Record<string, unknown>>): NotedSession | null {
  if (hash.startsWith('h_')) return null;
  const agent = objectOf(objectOf(sessions[hash] ?? sessions[hash.split('::')[0] ?? ''])?.['agent_id']);
  const text = (key: string): string | null => (typeof agent?.[key] === 'string' ? agent[key] : null);
  return { tool: text('tool') ?? 'unknown', sessionId: text('id'), model: text('model') };
}

const objectOf = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
