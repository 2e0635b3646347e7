/**
 * What tsc leaves undone: commands must be executable and be found by `npx` in a checkout (npm links the commands of
 * dependencies only, and would ask the registry for ours), and output whose source is gone must go too, or `npm pack`
 * would ship it. Nothing else is removed, so that processes that run from dist at this moment keep their files.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

for (const file of readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' })) {
  const stem = file.replace(/(\.d\.ts|\.js)$/, '');
  if (stem !== file && !existsSync(`${root}src/${stem}.ts`)) rmSync(`${root}dist/${file}`);
}

const { bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
for (const [name, file] of Object.entries(bin)) {
  chmodSync(root + file, 0o755);
  if (process.platform === 'win32' || !existsSync(`${root}node_modules/.bin`)) continue;
  const temporary = `${root}node_modules/.bin/.${name}-${process.pid}`;
  symlinkSync(`../../${file}`, temporary);
  renameSync(temporary, `${root}node_modules/.bin/${name}`);
}
