import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../src/model/settings.ts';
import { commandNames } from './support/cli-doc.ts';
import { codeBlocks, shellCommands } from './support/code-blocks.ts';
import { GENERATED_DOCS } from './support/generated-docs.ts';
import { knownVariables } from './support/known-names.ts';
import { strangersProject } from './support/strangers-project.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const DOCS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

describe('what is generated is current (else: npm run docs)', () => {
  test.each(GENERATED_DOCS)('$file', async ({ file, render }) => {
    const current = read(file);
    expect(await render(current)).toBe(current);
  });
});

describe('everything that users meet is documented', () => {
  test('each environment variable of the settings stands in README with its option', () => {
    const rows = read('README.md').split('\n');
    for (const { option, env } of SETTINGS) {
      const row = rows.find((line) => line.startsWith(`| \`${option}\` |`));
      for (const name of env) expect(row, option).toContain(`\`${name}\``);
    }
  });

  test('no document names a variable of ours that nothing reads', () => {
    const named = DOCS.flatMap((file) => [...read(file).matchAll(/\bAI_TRACKER_[A-Z_]+\b/g)].map((match) => match[0]));
    expect(named.length).toBeGreaterThan(10);
    expect([...new Set(named)].filter((name) => !knownVariables.has(name))).toEqual([]);
  });

  test('each command stands in docs/cli.md', () => {
    const text = read('docs/cli.md');
    const names = commandNames();
    expect(names).toContain('tasks');
    expect(names.filter((name) => !text.includes(`## ai-tracker ${name}`))).toEqual([]);
  });

  test('each table and view of the schema stands in docs/schema.md with all its columns', () => {
    const db = new Database(':memory:');
    for (const file of readdirSync(join(root, 'schema/agent')).sort()) {
      if (/^\d{4}_.*\.sql$/.test(file)) db.exec(read(`schema/agent/${file}`));
    }
    const text = read('docs/schema.md');
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    expect(tables).toContain('task_executions');
    for (const table of tables as string[]) {
      expect(text, table).toContain(table);
      const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
      for (const column of columns) expect(text, `${table}.${column}`).toContain(column);
    }
  });
});

describe('what the documents show is true', () => {
  test.each(DOCS)('links of %s lead to files that exist', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(resolve(root, dirname(file), link)))).toEqual([]);
  });

  test.each(DOCS)('commands that %s shows exist', (file) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = codeBlocks(read(file))
      .filter((block) => /^(sh|bash|console)$/.test(block.language))
      .flatMap(shellCommands);
    const unknown = commands.filter((command) => {
      const script = /^npm run (?:--silent )?(\S+)/.exec(command)?.[1];
      if (script !== undefined) return !(script in scripts);
      const verb = /^(?:npx )?ai-tracker (\w+)/.exec(command)?.[1];
      return verb !== undefined && !commandNames().includes(verb);
    });
    expect(unknown).toEqual([]);
  });

  test('JSON blocks parse', () => {
    for (const file of DOCS) {
      for (const block of codeBlocks(read(file))) {
        if (block.language === 'json') expect(() => JSON.parse(block.text), `${file}:${block.line}`).not.toThrow();
      }
    }
  });

  test('README’s program runs as it stands there, and its commands print the row that it made', () => {
    const blocks = codeBlocks(read('README.md'));
    const program = blocks.find((block) => block.language === 'js');
    const query = blocks.flatMap(shellCommands).find((command) => command.startsWith('npx ai-tracker sql '));
    const project = strangersProject();
    try {
      const env = { ...process.env, AI_TRACKER_SHARED_DIR: join(project.folder, 'agents') };
      const run = (command: string, args: string[]): string =>
        execFileSync(command, args, { cwd: project.folder, env, encoding: 'utf8', timeout: 30_000 });
      run('node', [project.write('app.mjs', program?.text ?? '')]);

      const main = join(root, 'dist/cli/main.js');
      expect(JSON.parse(run('node', [main, 'tools', '--json']))).toMatchObject([{ tool_name: 'search', agent_id: 'worker-7' }]);
      expect(run('node', [main, 'tools'])).toContain('search');
      expect(run('sh', ['-c', (query ?? '').replace('npx ai-tracker', `node ${main}`)])).toContain('search');
    } finally {
      project.remove();
    }
  });
});

describe('the package', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string>; hasInstallScript?: boolean }>;
  };

  test('locks every optional package by name, without which npm ci refuses the lock file (else: npm run lock)', () => {
    const missing = Object.entries(packages).flatMap(([at, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${at}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  test('locks no address of a registry', () => {
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  test('has decided on every install script of its dependencies', () => {
    const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> };
    const scripted = Object.entries(packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      .map(([at]) => at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length));
    expect(scripted).toContain('node');
    expect(scripted.filter((name) => !(name in allowScripts))).toEqual([]);
    expect(allowScripts['better-sqlite3']).toBe(false);
  });
});
