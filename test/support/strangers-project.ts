/** A project of a stranger who followed the docs: our package and OpenTelemetry installed, nothing else of this checkout. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface StrangersProject {
  readonly folder: string;
  write(file: string, text: string): string;
  remove(): void;
}

export function strangersProject(): StrangersProject {
  const folder = mkdtempSync(join(tmpdir(), 'ai-tracker-stranger-'));
  const write = (file: string, text: string): string => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  write('package.json', '{ "name": "stranger", "private": true, "type": "module" }\n');
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['@opentelemetry', '@types'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(root, join(folder, 'node_modules', 'ai-tracker-otel'));
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
