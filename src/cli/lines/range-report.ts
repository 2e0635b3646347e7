import { isNamedGenerated } from '../../git/generated-files.ts';
import { tasksById } from '../../query/chain-rows.ts';
import { committedLines, labelsOfTasks, lineCosts } from '../../query/line-costs.ts';
import type { OpenFiles } from '../../query/open-files.ts';
import type { LineShare, RangeLines } from './range-lines.ts';

export type RangeGrouping = { readonly by: 'pr' | 'agent' | 'task' } | { readonly by: 'label'; readonly label: string };

/** What the lines of one group are and cost. */
export interface RangeGroup {
  /** Number of the pull request, agent, task or value of the label; null: none. */
  readonly key: string | null;
  /** Whose lines these are, where people's and unknown ones belong to no group of their own. */
  readonly kind: 'agent' | 'human' | 'unknown' | 'all';
  readonly commits: number;
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly unknown_lines_added: number;
  /** US dollars: the part of its tasks' cost that its lines are of all lines of these tasks. */
  readonly cost_usd: number;
}

export interface RangeReport {
  readonly range: string;
  readonly repo_id: string;
  readonly commits: number;
  /** Of which no hook told. */
  readonly inferred_commits: number;
  /** Of which git lacks the parents: none of their lines are counted. */
  readonly uncompared_commits: number;
  readonly ai_lines_added: number;
  readonly human_lines_added: number;
  readonly unknown_lines_added: number;
  readonly ai_lines_removed: number;
  readonly human_lines_removed: number;
  readonly unknown_lines_removed: number;
  readonly unknown_percent: number;
  /** Generated and lock files, whose lines are left out. */
  readonly left_out_files: readonly string[];
  readonly left_out_lines: number;
  /** US dollars: of the range, of lines of the same tasks in other commits, of what left no lines, and all of it. */
  readonly cost_usd: number;
  readonly elsewhere_usd: number;
  readonly unallocated_usd: number;
  readonly total_usd: number;
  /** Requests to models whose cost is not known: the true cost is higher. */
  readonly unpriced_calls: number;
  readonly by: string;
  readonly groups: readonly RangeGroup[];
}

interface Sum {
  readonly key: string | null;
  readonly kind: RangeGroup['kind'];
  readonly commits: Set<string>;
  readonly lines: { agent: number; human: number; unknown: number };
  cost: number;
}

/**
 * What a range adds up to. The cost of a task, of all its attempts together, is shared by its lines: those of the range by group, those
 * in other commits are `elsewhere`. What left no line anywhere is `unallocated`. The three are the whole cost of all that was recorded.
 */
export function rangeReport(
  files: OpenFiles,
  range: string,
  commits: readonly string[],
  lines: RangeLines,
  grouping: RangeGrouping,
): RangeReport {
  const { shares, leftOut, removed } = lines;
  const { costs, workOfEdit, taskOfEdit } = lineCosts(files);
  const keyOf = keysOf(files, lines, taskOfEdit, grouping);
  const inRange = new Set(commits);
  const linesOfWork = elsewhereLines(files, shares, inRange, workOfEdit);
  for (const { modificationId, lines: count } of shares) {
    const work = modificationId === null ? undefined : workOfEdit.get(modificationId);
    if (work !== undefined) linesOfWork.set(work, (linesOfWork.get(work) ?? 0) + count);
  }
  const groups = new Map<string, Sum>();
  for (const share of shares) {
    const { key, kind } = keyOf(share);
    const name = JSON.stringify([key, kind]);
    let sum = groups.get(name);
    if (sum === undefined)
      groups.set(name, (sum = { key, kind, commits: new Set(), lines: { agent: 0, human: 0, unknown: 0 }, cost: 0 }));
    sum.commits.add(share.sha);
    sum.lines[share.kind] += share.lines;
    const work = share.modificationId === null ? undefined : workOfEdit.get(share.modificationId);
    if (work !== undefined) sum.cost += ((costs.get(work)?.usd ?? 0) * share.lines) / (linesOfWork.get(work) ?? share.lines);
  }
  let [total, unallocated, unpriced] = [0, 0, 0];
  for (const [work, { usd, unpricedCalls }] of costs) {
    total += usd;
    unpriced += unpricedCalls;
    if (work === null || (linesOfWork.get(work) ?? 0) === 0) unallocated += usd;
  }
  const sums = [...groups.values()];
  const cost = sums.reduce((all, one) => all + one.cost, 0);
  const count = (kind: LineShare['kind']): number => sums.reduce((all, one) => all + one.lines[kind], 0);
  const [ai, human, unknown] = [count('agent'), count('human'), count('unknown')];
  return {
    range,
    repo_id: lines.repoId,
    commits: commits.length,
    inferred_commits: lines.inferred.size,
    uncompared_commits: lines.uncompared,
    ai_lines_added: ai,
    human_lines_added: human,
    unknown_lines_added: unknown,
    ai_lines_removed: removed.ai,
    human_lines_removed: removed.human,
    unknown_lines_removed: removed.unknown,
    unknown_percent: ai + human + unknown === 0 ? 0 : (100 * unknown) / (ai + human + unknown),
    left_out_files: [...leftOut.files].sort(),
    left_out_lines: leftOut.lines,
    cost_usd: cost,
    // What is left, so that the parts are the whole to the last digit.
    elsewhere_usd: positive(total - cost - unallocated),
    unallocated_usd: unallocated,
    total_usd: total,
    unpriced_calls: unpriced,
    by: grouping.by === 'label' ? `label:${grouping.label}` : grouping.by,
    groups: sums.map(groupOf).sort(byLines),
  };
}

/** Sums of floating numbers miss by the last digits. */
const positive = (usd: number): number => (Math.abs(usd) < 1e-9 ? 0 : usd);

const groupOf = ({ key, kind, commits, lines, cost }: Sum): RangeGroup => ({
  ...{ key, kind, commits: commits.size },
  ...{ ai_lines_added: lines.agent, human_lines_added: lines.human, unknown_lines_added: lines.unknown },
  cost_usd: cost,
});

const byLines = (a: RangeGroup, b: RangeGroup): number =>
  b.ai_lines_added - a.ai_lines_added ||
  b.human_lines_added + b.unknown_lines_added - (a.human_lines_added + a.unknown_lines_added) ||
  String(a.key).localeCompare(String(b.key));

function keysOf(
  files: OpenFiles,
  { pullRequests }: RangeLines,
  taskOfEdit: ReadonlyMap<string, string>,
  grouping: RangeGrouping,
): (share: LineShare) => { key: string | null; kind: RangeGroup['kind'] } {
  if (grouping.by === 'pr') {
    return ({ sha }) => {
      const number = pullRequests.get(sha);
      return { key: number === undefined ? null : `#${number}`, kind: 'all' };
    };
  }
  const taskOf = ({ modificationId }: LineShare): string | undefined =>
    modificationId === null ? undefined : taskOfEdit.get(modificationId);
  if (grouping.by === 'label') {
    const labels = labelsOfTasks(files, grouping.label);
    return (share) => ({ key: share.kind === 'agent' ? (labels.get(taskOf(share) ?? '') ?? null) : null, kind: share.kind });
  }
  if (grouping.by === 'task') {
    const tasks = tasksById(files, taskOfEdit.values());
    return (share) => {
      const id = share.kind === 'agent' ? taskOf(share) : undefined;
      return { key: id === undefined ? null : (tasks.get(id)?.task_id ?? id), kind: share.kind };
    };
  }
  return (share) => ({ key: share.kind === 'agent' ? share.agentId : null, kind: share.kind });
}

/** Lines of each work in commits that are not of the range. What equal lines of the range were told from are those same lines. */
function elsewhereLines(
  files: OpenFiles,
  shares: readonly LineShare[],
  inRange: ReadonlySet<string>,
  workOfEdit: ReadonlyMap<string, string>,
): Map<string, number> {
  const told = new Map<string, number>();
  for (const { from, modificationId, lines } of shares) {
    if (from === null) continue;
    const key = `${from} ${modificationId}`;
    told.set(key, (told.get(key) ?? 0) + lines);
  }
  const found = new Map<string, number>();
  for (const { edit, path, sha, lines } of committedLines(files)) {
    const work = workOfEdit.get(edit);
    if (work === undefined || inRange.has(sha) || isNamedGenerated(path)) continue;
    const key = `${sha} ${edit}`;
    const same = Math.min(lines, told.get(key) ?? 0);
    told.set(key, (told.get(key) ?? 0) - same);
    if (lines > same) found.set(work, (found.get(work) ?? 0) + lines - same);
  }
  return found;
}
