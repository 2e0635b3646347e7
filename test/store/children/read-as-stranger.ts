/** Reads a file as someone who may read it but may write neither it nor its folder. */
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openForReading } from '../../../src/store/open.ts';

const [folder = '', path = ''] = process.argv.slice(2);
for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444);
chmodSync(folder, 0o555);
// Root may write everything; another user may not. Without root the modes alone do it.
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(65534);
  process.setuid?.(65534);
}
const file = openForReading(path);
console.log(`${file.db.prepare('SELECT count(*) FROM tombstones').pluck().get()} rows`);
file.close();
