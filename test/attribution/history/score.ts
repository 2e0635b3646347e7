import type { Answers, FileAnswer } from './answers.ts';
import type { TrueCommit, TrueFile, TrueLine } from './truth.ts';

/** Counts of lines: of those that the truth, the answer, or both call an agent's. */
export interface LineScore {
  readonly both: number;
  readonly onlyAnswer: number;
  readonly onlyTruth: number;
}

export interface FileMiss {
  readonly sha: string;
  readonly subject: string;
  readonly path: string;
  /** `[ai, human, ai_removed, human_removed]`; ranges where both answers are right. */
  readonly truth: string;
  readonly answer: string;
  readonly lines: readonly string[];
}

export interface Score {
  readonly added: LineScore;
  readonly removed: LineScore;
  readonly files: number;
  readonly exactFiles: number;
  readonly commits: number;
  /** Live commits without a row, and rows of commits that do not live. */
  readonly unrecorded: readonly string[];
  readonly dead: readonly string[];
  readonly misses: readonly FileMiss[];
}

const NONE: FileAnswer = { ai: 0, human: 0, aiRemoved: 0, humanRemoved: 0, lines: new Set() };

export function score(truth: readonly TrueCommit[], answers: Answers): Score {
  const added = { both: 0, onlyAnswer: 0, onlyTruth: 0 };
  const removed = { both: 0, onlyAnswer: 0, onlyTruth: 0 };
  const misses: FileMiss[] = [];
  let [files, exactFiles] = [0, 0];
  for (const { sha, subject, isMerge, files: trueFiles } of truth) {
    const answer = answers.get(sha);
    const paths = new Set([...trueFiles.map(({ path }) => path), ...(answer?.keys() ?? [])]);
    for (const path of paths) {
      const file: TrueFile = trueFiles.find((one) => one.path === path) ?? { path, added: new Map(), removed: [] };
      const given = answer?.get(path) ?? NONE;
      const lines = scoreAdded(file, given);
      for (const key of ['both', 'onlyAnswer', 'onlyTruth'] as const) added[key] += lines[key];
      // What a merge removes is counted against each parent in its own way: only its added lines are compared.
      const low = file.removed.filter(({ by }) => by === 'agent').length;
      const high = low + file.removed.filter(({ by }) => by === 'either').length;
      const isRemovedRight =
        isMerge ||
        (given.aiRemoved >= low && given.aiRemoved <= high && given.aiRemoved + given.humanRemoved === file.removed.length);
      if (!isMerge) {
        removed.both += Math.min(given.aiRemoved, low);
        removed.onlyAnswer += Math.max(0, given.aiRemoved - high);
        removed.onlyTruth += Math.max(0, low - given.aiRemoved);
      }
      files++;
      const isAddedRight = lines.onlyAnswer + lines.onlyTruth === 0 && given.ai + given.human === file.added.size;
      const isConsistent = given.ai === given.lines.size;
      if (isAddedRight && isRemovedRight && isConsistent) exactFiles++;
      else misses.push(miss({ sha, subject }, file, given, low, high));
    }
  }
  const live = new Set(truth.map(({ sha }) => sha));
  return {
    ...{ added, removed, files, exactFiles, commits: truth.length, misses },
    unrecorded: truth.filter(({ sha }) => !answers.has(sha)).map(({ sha }) => sha),
    dead: [...answers.keys()].filter((sha) => !live.has(sha)),
  };
}

/** Equal lines of one hunk are compared as a multiset. */
function scoreAdded(file: TrueFile, given: FileAnswer): LineScore {
  const groups = new Map<string, { answer: number; low: number; high: number }>();
  for (const [line, { text, hunk, by }] of file.added) {
    const key = `${hunk}:${text}`;
    const group = groups.get(key) ?? { answer: 0, low: 0, high: 0 };
    if (given.lines.has(line)) group.answer++;
    if (by === 'agent') group.low++;
    if (by !== 'human') group.high++;
    groups.set(key, group);
  }
  const result = { both: 0, onlyAnswer: [...given.lines].filter((line) => !file.added.has(line)).length, onlyTruth: 0 };
  for (const { answer, low, high } of groups.values()) {
    result.both += Math.min(answer, high);
    result.onlyAnswer += Math.max(0, answer - high);
    result.onlyTruth += Math.max(0, low - answer);
  }
  return result;
}

function miss(
  commit: Pick<TrueCommit, 'sha' | 'subject'>,
  file: TrueFile,
  given: FileAnswer,
  low: number,
  high: number,
): FileMiss {
  const ai = [...file.added.values()].filter(({ by }) => by === 'agent').length;
  const removedAi = low === high ? `${low}` : `${low}..${high}`;
  const wrong = [...file.added].filter(([line, { by }]) => (by === 'agent') !== given.lines.has(line));
  const outside = [...given.lines].filter((line) => !file.added.has(line));
  const told = ([line, { by, text }]: [number, TrueLine]): string => `+${line} is ${by}'s: ${text}`;
  return {
    ...commit,
    path: file.path,
    truth: `[${ai}, ${file.added.size - ai}, ${removedAi}, ${file.removed.length - low}]`,
    answer: `[${given.ai}, ${given.human}, ${given.aiRemoved}, ${given.humanRemoved}]`,
    lines: [
      ...wrong.map(told),
      ...outside.map((line) => `+${line} was not added`),
      ...file.removed
        .filter(() => given.aiRemoved < low || given.aiRemoved > high)
        .map(({ by, text }) => `-removed by ${by}: ${text}`),
    ],
  };
}

/** The sum of several scores. */
export function sum(scores: readonly Score[]): Score {
  const total = (of: (score: Score) => number): number => scores.reduce((all, score) => all + of(score), 0);
  const lines = (of: (score: Score) => LineScore): LineScore => ({
    both: total((score) => of(score).both),
    onlyAnswer: total((score) => of(score).onlyAnswer),
    onlyTruth: total((score) => of(score).onlyTruth),
  });
  return {
    added: lines((score) => score.added),
    removed: lines((score) => score.removed),
    files: total((score) => score.files),
    exactFiles: total((score) => score.exactFiles),
    commits: total((score) => score.commits),
    unrecorded: scores.flatMap((score) => score.unrecorded),
    dead: scores.flatMap((score) => score.dead),
    misses: scores.flatMap((score) => score.misses),
  };
}

/** 1 where there was nothing to find. */
export const precision = ({ both, onlyAnswer }: LineScore): number => (both + onlyAnswer === 0 ? 1 : both / (both + onlyAnswer));
export const recall = ({ both, onlyTruth }: LineScore): number => (both + onlyTruth === 0 ? 1 : both / (both + onlyTruth));
export const isPerfect = (score: Score): boolean => score.misses.length + score.unrecorded.length + score.dead.length === 0;
