import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { fileSystemOf } from '../src/store/file-system.ts';
import type { Figures } from './measure.ts';
import type { Scenario } from './scenarios.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What `results/<scenario>.json` holds: a number never goes without the machine it was measured on. */
export interface Result {
  readonly scenario: string;
  readonly title: string;
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly machine: string;
  readonly disk: string;
  readonly rounds: number;
  /** Load average of the last minute at the end: above the number of cores, others took part of what was measured. */
  readonly load?: number;
  readonly verdicts: Readonly<Record<string, Spread>>;
  readonly runs: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
}

export type Limit = { readonly at_most: number } | { readonly at_least: number };

export const LIMITS: Readonly<Record<string, Limit>> = JSON.parse(
  readFileSync(new URL('limits.json', import.meta.url), 'utf8'),
) as Record<string, Limit>;

export const keeps = (limit: Limit, value: number): boolean =>
  'at_most' in limit ? value <= limit.at_most : value >= limit.at_least;

export const sayLimit = (limit: Limit): string => ('at_most' in limit ? `≤ ${limit.at_most}` : `≥ ${limit.at_least}`);

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

function spreads(all: readonly Figures[]): Record<string, Spread> {
  return Object.fromEntries(
    Object.keys(all[0] ?? {}).map((key) => [key, spreadOf(all.map((figures) => figures[key] ?? Number.NaN))]),
  );
}

/** The rounds of a scenario as one result; its verdicts are medians of what each round says by itself. */
export function resultOf(scenario: Scenario, rounds: readonly Readonly<Record<string, Figures>>[]): Result {
  const verdicts = rounds.map((round) => scenario.verdicts((competitor, figure) => round[competitor]?.[figure] ?? Number.NaN));
  return {
    scenario: scenario.name,
    title: scenario.title,
    date: new Date().toISOString().slice(0, 10),
    commit: commitAtHand(),
    node: process.version,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
    disk: fileSystemOf(tmpdir()).kind,
    rounds: rounds.length,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    verdicts: spreads(verdicts),
    runs: Object.fromEntries(
      Object.keys(rounds[0] ?? {}).map((competitor) => [competitor, spreads(rounds.map((round) => round[competitor] ?? {}))]),
    ),
  };
}

function commitAtHand(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  try {
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '--', 'src') === '' ? '' : ' and changes');
  } catch {
    return 'unknown';
  }
}

/** Three digits that mean something. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
