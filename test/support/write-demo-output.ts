/** `npm run docs:demo`: runs the demo and pastes what it prints into README.md, with the folder's random name made plain. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { betweenMarkers } from './between-markers.ts';

const root = new URL('../../', import.meta.url);
const path = new URL('README.md', root);
const printed = execFileSync(process.execPath, [fileURLToPath(new URL('dist/cli/main.js', root)), 'demo'], {
  cwd: root,
  encoding: 'utf8',
  env: { ...process.env, NO_COLOR: '1', COLUMNS: '100' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
// The tasks and the calls; README says the rest in words.
const tables = printed.slice(printed.indexOf('# ai-tracker tasks'));
const shown = tables.replaceAll(/\S*ai-tracker-demo-\w+/g, 'demo').trimEnd();
const readme = readFileSync(path, 'utf8');
writeFileSync(path, betweenMarkers(readme, 'demo output', `\n\`\`\`text\n${shown}\n\`\`\`\n`));
