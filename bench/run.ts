/**
 * `npm run bench`: runs every scenario and writes `results/`. `-- --check` writes nothing and exits 1 past a limit;
 * `-- --only NAME` runs one scenario; `-- --rounds N` repeats so often.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Figures } from './measure.ts';
import { keeps, LIMITS, type Result, readable, resultOf, sayLimit } from './result.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const LONGEST_RUN_MS = 300_000;

const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, only: { type: 'string' }, rounds: { type: 'string' } },
});
const chosen = SCENARIOS.filter(({ name }) => options.only === undefined || options.only === name);
if (chosen.length === 0) throw new Error(`no scenario ${options.only}; there are ${SCENARIOS.map((s) => s.name).join(', ')}`);

let passed = true;
for (const scenario of chosen) {
  const result = measure(scenario, Number(options.rounds ?? scenario.rounds));
  print(result);
  if (options.check) continue;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${scenario.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
if (options.check && !passed) process.exitCode = 1;

function measure(scenario: Scenario, rounds: number): Result {
  const file = fileURLToPath(new URL(`scenario/${scenario.name}.ts`, import.meta.url));
  const run = (...args: string[]): Figures => {
    const output = execFileSync(process.execPath, [file, ...args], { encoding: 'utf8', timeout: LONGEST_RUN_MS });
    return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Figures;
  };
  const all: Readonly<Record<string, Figures>>[] = [];
  for (let i = 0; i < rounds; i++) {
    const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-bench-'));
    try {
      all.push(scenario.round(run, folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return resultOf(scenario, all);
}

function print(result: Result): void {
  console.log(`\n${result.title} (${result.rounds} rounds, ${result.machine}, Node ${result.node}, ${result.commit})`);
  for (const [name, { median, min, max }] of Object.entries(result.verdicts)) {
    const limit = LIMITS[name];
    const isKept = limit === undefined || keeps(limit, median);
    passed &&= isKept;
    const told = limit === undefined ? '' : `${sayLimit(limit)} ${isKept ? 'kept' : 'NOT KEPT'}`;
    console.log(`  ${name.padEnd(34)} ${readable(median).padStart(10)}  [${readable(min)} … ${readable(max)}]  ${told}`);
  }
}
