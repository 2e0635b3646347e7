import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { missingPackages } from '../../src/demo/needed-packages.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('in this checkout the demo misses nothing', () => {
  expect(missingPackages()).toEqual([]);
});

test('installed without the packages of the demo, the command names them, says what to do, and exits 3', () => {
  const folder = scratchFolder();
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'ai-tracker-otel');
  mkdirSync(own, { recursive: true });
  for (const part of ['dist', 'schema', 'package.json']) cpSync(join(root, part), join(own, part), { recursive: true });
  for (const name of ['better-sqlite3', 'kysely', 'string-width'])
    symlinkSync(join(root, 'node_modules', name), join(modules, name));

  const main = join(own, 'dist/cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'demo'], { cwd: folder, encoding: 'utf8' });
  expect(stderr).toMatch(
    /^ai-tracker: demo: .*npm install ai-tracker-otel @hatchet-dev\/typescript-sdk@\S+ .*@opentelemetry\/api@\S+.*\n$/,
  );
  expect(stdout).toBe('');
  expect(status).toBe(3);
});
