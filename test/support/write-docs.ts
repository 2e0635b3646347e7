/** `npm run docs`: writes what is generated of the docs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { GENERATED_DOCS } from './generated-docs.ts';

for (const { file, render } of GENERATED_DOCS) {
  const path = new URL(`../../${file}`, import.meta.url);
  const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const wanted = await render(current);
  if (wanted === current) continue;
  mkdirSync(new URL('.', path), { recursive: true });
  writeFileSync(path, wanted);
  console.log(`${file}: written`);
}
