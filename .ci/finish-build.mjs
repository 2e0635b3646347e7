/**
 * What tsc leaves undone: scripts of other languages are copied, commands must be executable, since npx in a checkout runs dist/cli/main.js itself, and output
 * whose source is gone must go too, or `npm pack` would ship it. Nothing else is removed, so that processes that run from
 * dist at this moment keep their files.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

for (const file of readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' })) {
  const source = file.replace(/(\.d\.ts|\.js)$/, '.ts');
  if (/\.(ts|js|sh)$/.test(file) && !existsSync(`${root}src/${source}`)) rmSync(`${root}dist/${file}`);
}

for (const file of readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.sh')) continue;
  mkdirSync(dirname(`${root}dist/${file}`), { recursive: true });
  copyFileSync(`${root}src/${file}`, `${root}dist/${file}`);
}

const { bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
for (const file of Object.values(bin)) chmodSync(root + file, 0o755);
