import { readFileSync } from 'node:fs';

let known: string | undefined;

/**
 * The version of this package. `package.json` lies equally far from src/model and dist/model; `unknown` where it does not,
 * as in a host that was bundled with us: no reason to fail.
 */
export function packageVersion(): string {
  known ??= read();
  return known;
}

function read(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    return name === 'ai-tracker-otel' && typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'unknown';
  }
}
