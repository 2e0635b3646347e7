import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface CruiseResult {
  modules: { source: string; dependencies: { resolved: string }[] }[];
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
}

/** dependency-cruiser on `src` of the folder, by the project's own rules. */
function cruise(folder: string): CruiseResult {
  const config = join(root, '.dependency-cruiser.mjs');
  const run = spawnSync('depcruise', ['--config', config, '--output-type', 'json', 'src'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.stdout === '') throw new Error(`depcruise said nothing on ${folder}: ${run.stderr}`);
  return JSON.parse(run.stdout) as CruiseResult;
}

const sourceFiles = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .sort();

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('the source tree', () => {
  let result: CruiseResult;
  beforeAll(() => {
    result = cruise(root);
  });

  test('is seen whole by dependency-cruiser, which sees nothing and passes where it finds no compiler', () => {
    const seen = result.modules.map((module) => module.source);
    const expected = sourceFiles('src');
    expect(expected.length).toBeGreaterThan(20);
    expect(seen).toEqual(expect.arrayContaining(expected));
  });

  test('keeps every rule of .dependency-cruiser.mjs', () => {
    expect(result.summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`)).toEqual([]);
  });

  /** Registry, and what says of a file in its folder that the registry must name it. */
  const REGISTRIES: [registry: string, folder: string, member: (text: string) => boolean][] = [
    ['src/dialect/registry.ts', 'src/dialect', (text) => /^export const \w+: Dialect = /m.test(text)],
    ['src/cli/registry.ts', 'src/cli/commands', () => true],
  ];

  test.each(REGISTRIES)('%s names every member of %s', (registry, folder, member) => {
    const members = sourceFiles(folder).filter((file) => file !== registry && member(read(file)));
    expect(members.length).toBeGreaterThan(2);
    const named = result.modules.find((module) => module.source === registry)?.dependencies.map((d) => d.resolved);
    expect(named).toEqual(expect.arrayContaining(members));
  });

  /**
   * One door to each danger: the pattern, and the files that may hold it. The demo's agents are processes of their own,
   * which play a deployment's worker: as such a worker does, they leave by themselves when they are told to.
   */
  const DOORS: [what: string, pattern: RegExp, files: string[]][] = [
    ['opens SQLite', /\bnew (Database|BetterSqlite3|Sqlite)\(/, ['src/store/open.ts']],
    ['exits the process', /\bprocess\.(exit|abort|reallyExit)\(/, ['src/cli/main.ts', 'src/demo/serve-agent.ts']],
  ];

  test.each(DOORS)('has one door that %s, and no other', (_what, pattern, files) => {
    expect(sourceFiles('src').filter((file) => pattern.test(read(file)))).toEqual(files);
  });
});

/** The rules broken by a source tree of the given files, which lies beside the project's own packages. */
function brokenRules(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-rules-'));
  try {
    for (const file of ['package.json', 'tsconfig.json']) copyFileSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    return cruise(folder).summary.violations.map((v) => v.rule.name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the rules', () => {
  /** The first file imports the second (or a package) in a way that the named rule forbids. */
  const FORBIDDEN: [rule: string, from: string, statement: string, to: string | null][] = [
    ['model-imports-down', 'src/model/a.ts', "import '../store/b.ts'", 'src/store/b.ts'],
    ['dialect-imports-down', 'src/dialect/a.ts', "import '../resolve/b.ts'", 'src/resolve/b.ts'],
    ['query-imports-down', 'src/query/a.ts', "import type { B } from '../writer/b.ts'", 'src/writer/b.ts'],
    ['otel-imports-down', 'src/otel/a.ts', "await import('../cli/b.ts')", 'src/cli/b.ts'],
    ['writer-imports-down', 'src/writer/a.ts', "import '../index.ts'", 'src/index.ts'],
    ['every-room-has-a-rank', 'src/helpers/a.ts', "import '../model/b.ts'", 'src/model/b.ts'],
    ['no-cycles', 'src/model/a.ts', "import './b.ts'", 'src/model/b.ts'],
    ['only-store-opens-sqlite', 'src/query/a.ts', "import Database from 'better-sqlite3'", null],
    ['only-git-starts-processes', 'src/cli/a.ts', "import { spawn } from 'node:child_process'", null],
    ['opentelemetry-as-types-only', 'src/otel/a.ts', "import { trace } from '@opentelemetry/api'", null],
    ['imports-resolve', 'src/model/a.ts', "import './missing.ts'", null],
    ['shipped-code-imports-shipped-packages', 'src/query/a.ts', "import { z } from 'zod'", null],
  ];

  test.each(FORBIDDEN)('%s is reported', (rule, from, statement, to) => {
    const target = rule === 'no-cycles' ? "import './a.ts';\n" : 'export interface B {}\n';
    const files = { [from]: `${statement};\nexport {};\n`, ...(to !== null && { [to]: target }) };
    expect(brokenRules(files)).toContain(rule);
  });

  test('an import downward, and a type of OpenTelemetry, break none', () => {
    const text = "import type { Span } from '@opentelemetry/api';\nimport '../model/b.ts';\nexport type A = Span;\n";
    expect(brokenRules({ 'src/otel/a.ts': text, 'src/model/b.ts': 'export interface B {}\n' })).toEqual([]);
  });
});
