import { readFileSync } from 'node:fs';

/** The version of this package; `package.json` lies equally far from src/cli and dist/cli. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
