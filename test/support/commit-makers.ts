import type { CommitAttribution, CommitFileAttribution, LineAnchor, LineRange } from '../../src/model/commit-attribution.ts';
import type { HookContext } from '../../src/model/hook-context.ts';
import { lineHash, normalHash } from '../../src/model/line-anchor.ts';
import { T0 } from './span-makers.ts';

const NO_CONTEXT: HookContext = { agentId: null, taskId: null, traceparent: null, tracestate: null };

export const shaOf = (n: number): string => n.toString(16).padStart(40, '0');

/** A file that is new in its commit. @param authors of each line, `<agent>:<edit>`; null: a person's */
export function newFile(path: string, authors: readonly (string | null)[]): CommitFileAttribution {
  const split = (author: string | null): Pick<LineRange, 'agentId'> & { readonly modificationId: string | null } => ({
    agentId: author?.split(':')[0] ?? null,
    modificationId: author,
  });
  const text = (line: number): string => `line ${line} of ${path}`;
  const normal = (line: number): string | null => (line < 1 || line > authors.length ? null : normalHash(text(line)));
  return {
    ...{ path, previousPath: null, added: authors.length, removed: 0, aiRemoved: 0 },
    aiAdded: authors.filter((author) => author !== null).length,
    ranges: authors.flatMap((author, n): LineRange[] =>
      author === null
        ? []
        : [{ first: n + 1, last: n + 1, modificationId: author, agentId: split(author).agentId, match: 'exact' }],
    ),
    anchors: authors.map((author, n): LineAnchor => {
      const hashes = { lineHash: lineHash(text(n + 1)), normalHash: normalHash(text(n + 1)) };
      return { line: n + 1, ...split(author), ...hashes, beforeHash: normal(n), afterHash: normal(n + 2) };
    }),
  };
}

/** A commit at one second after T0, of one file with a line of an agent and one of a person. */
export function commitMade(told: Partial<CommitAttribution> & { readonly from?: Partial<HookContext> } = {}): CommitAttribution {
  const { from = {}, ...more } = told;
  return {
    ...{ repoId: 'example.com/acme/repo', repoName: 'repo', repoPath: '/repo', sha: shaOf(1), branch: 'main', subject: 'Change' },
    ...{ authoredMs: T0, committedMs: T0, recordedMs: T0 + 1000, prNumber: null, claudeSession: null },
    context: { ...NO_CONTEXT, ...from },
    files: [newFile('a.txt', ['w:edit-1', null])],
    ...more,
  };
}
