/**
 * What tsc leaves undone: commands must be executable, since npx in a checkout runs dist/cli/main.js itself, and output
 * whose source is gone must go too, or `npm pack` would ship it. Nothing else is removed, so that processes that run from
 * dist at this moment keep their files.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

for (const file of readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' })) {
  const stem = file.replace(/(\.d\.ts|\.js)$/, '');
  if (stem !== file && !existsSync(`${root}src/${stem}.ts`)) rmSync(`${root}dist/${file}`);
}

const { bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
for (const file of Object.values(bin)) chmodSync(root + file, 0o755);
