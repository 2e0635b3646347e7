/**
 * Thousands of random histories: `npm run test:attribution:long`, with HISTORIES, STEPS, SEED and EXPLAIN (how many failing histories are
 * shrunk and printed) in the environment. Each of JOBS processes plays its share. Prints precision and recall per line; fails below
 * the promise.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { explain, judge } from './history/judge.ts';
import { planHistory } from './history/play.ts';
import { isPerfect, type LineScore, precision, recall, type Score, sum } from './history/score.ts';

const PROMISE = 0.995;
const number = (name: string, standard: number): number => Number(process.env[name] ?? standard);
const histories = number('HISTORIES', 2000);
const steps = number('STEPS', 40);
const seed = number('SEED', 1);
const jobs = Math.min(histories, number('JOBS', availableParallelism()));

interface Played {
  readonly seed: number;
  readonly score: Score | null;
  readonly error: string | null;
}

if (process.send !== undefined) await playShare(number('JOB', 0));
else process.exitCode = await playAll();

async function playShare(job: number): Promise<void> {
  for (let at = job; at < histories; at += jobs) {
    const played: Played = await judge(planHistory(seed + at, steps)).then(
      (score) => ({ seed: seed + at, score, error: null }),
      (error: Error) => ({ seed: seed + at, score: null, error: String(error.stack) }),
    );
    process.send?.(played);
  }
  process.disconnect?.();
}

async function playAll(): Promise<number> {
  const all: Played[] = [];
  await Promise.all(
    Array.from({ length: jobs }, async (_, job) => {
      const child = fork(import.meta.filename, { env: { ...process.env, JOB: String(job) } });
      child.on('message', (played: Played) => {
        all.push(played);
        if (all.length % 100 === 0) process.stdout.write(`${all.length} of ${histories} histories\n`);
      });
      await once(child, 'exit');
    }),
  );
  const total = sum(all.flatMap(({ score }) => (score === null ? [] : [score])));
  const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;
  const told = (name: string, lines: LineScore): string =>
    `${name}: precision ${percent(precision(lines))}, recall ${percent(recall(lines))} (${lines.both} right, ${lines.onlyAnswer} too many, ${lines.onlyTruth} missed)`;
  const broken = all.filter(({ error }) => error !== null);
  const imperfect = all.filter(({ score }) => score !== null && !isPerfect(score));
  const print = (line: string): boolean => process.stdout.write(`${line}\n`);
  print(`${all.length} histories of up to ${steps} steps from seed ${seed}; ${total.commits} commits, ${total.files} files`);
  print(told("agents' added lines", total.added));
  print(told('lines that agents removed', total.removed));
  print(
    `files exactly right: ${percent(total.files === 0 ? 1 : total.exactFiles / total.files)} (${total.files - total.exactFiles} are not)`,
  );
  print(`commits without a row: ${total.unrecorded.length}; rows of dead commits: ${total.dead.length}`);
  print(`histories that are not perfect: ${imperfect.map((one) => one.seed).join(' ') || 'none'}`);
  for (const { seed: at, error } of broken) print(`seed ${at} could not be played: ${error}`);
  const explained = imperfect.sort((a, b) => (a.score?.misses.length ?? 0) - (b.score?.misses.length ?? 0));
  for (const { seed: at } of explained.slice(0, number('EXPLAIN', 1))) print(`\n${await explain(planHistory(at, steps))}`);
  const shares = [precision(total.added), recall(total.added), precision(total.removed), recall(total.removed)];
  const isKept = shares.every((share) => share >= PROMISE) && total.unrecorded.length + total.dead.length === 0;
  return isKept && broken.length === 0 && all.length === histories ? 0 : 1;
}
